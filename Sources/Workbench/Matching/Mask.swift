import Console

/// What stands for something that varies, in a recorded line: `[[dur]]`, `[[num 0.42 ±10%]]`.
///
/// The set is closed, so that a printed list such as `[[1, 2]]` is an ordinary text.
enum Mask: Equatable {
    /// A typed value that varies between runs.
    case value(Kind)
    /// Anything on this line.
    case any
    /// The name of a secret, never its value.
    case secret(String)
    /// A number: what was recorded, if anything, and the rules it must meet.
    case number(recorded: String?, rules: [Tolerance])

    /// The types of values that vary.
    enum Kind: String, CaseIterable {
        case time
        case dur
        case rate
        case mem
        case path
        case host
        case addr
        case version
    }

    /// Reads what stands between `[[` and `]]`.
    /// - Returns: nil when the text is no mask.
    /// - Throws: a sentence when it begins like one and is none.
    init?(_ text: String) throws(MaskProblem) {
        let words = text.split(separator: " ").map(String.init)
        guard let first = words.first else { return nil }
        if let kind = Kind(rawValue: first), words.count == 1 {
            self = .value(kind)
        } else if first == "any", words.count == 1 {
            self = .any
        } else if first == "secret", words.count == 2 {
            self = .secret(words[1])
        } else if first == "num" {
            self = try Self.number(Array(words.dropFirst()))
        } else {
            return nil
        }
    }

    private static func number(_ words: [String]) throws(MaskProblem) -> Mask {
        var rest = words[...]
        var recorded: String?
        if let first = rest.first, LineTokens.number(first) != nil {
            recorded = first
            rest.removeFirst()
        }
        var rules: [Tolerance] = []
        while let word = rest.popFirst() {
            guard let rule = rule(word, &rest) else {
                throw MaskProblem(reason: "\"\(word)\" is no rule such as ±2% or >= 0.8")
            }
            rules.append(rule)
        }
        guard !rules.isEmpty else { throw MaskProblem(reason: "a number needs a rule, such as ±2% or >= 0.8") }
        let needsRecorded = rules.contains { rule in
            switch rule {
            case .relative, .absolute: true
            case .atLeast, .atMost: false
            }
        }
        guard recorded != nil || !needsRecorded else {
            throw MaskProblem(reason: "± needs the recorded number before it")
        }
        return .number(recorded: recorded, rules: rules)
    }

    /// Reads `±2%`, `±0.01`, `>=0.8` or `>= 0.8`.
    private static func rule(_ word: String, _ rest: inout ArraySlice<String>) -> Tolerance? {
        if word.hasPrefix("±") {
            let amount = word.dropFirst()
            if amount.hasSuffix("%") { return positive(amount.dropLast()).map { .relative($0 / 100) } }
            return positive(amount).map { .absolute($0) }
        }
        for (mark, make) in [(">=", Tolerance.atLeast), ("<=", Tolerance.atMost)] where word.hasPrefix(mark) {
            let inside = word.dropFirst(mark.count)
            let text = inside.isEmpty ? rest.popFirst() ?? "" : String(inside)
            return LineTokens.number(text).map(make)
        }
        return nil
    }

    private static func positive(_ text: Substring) -> Double? {
        guard let value = Double(text), value.isFinite, value >= 0 else { return nil }
        return value
    }
}

extension Mask {
    /// Printed words with a `\` before what would read as a mask; names of secrets stay as they are.
    static func escaped(_ text: String) -> String {
        guard text.contains("[[") else { return text }
        let pieces = text.split(separator: "[[", omittingEmptySubsequences: false)
        return pieces.dropFirst().reduce(String(pieces[0])) { before, piece in
            let inside = piece.firstRange(of: "]]").map { String(piece[..<$0.lowerBound]) }
            let isMask = inside.flatMap { try? Mask($0) }.map { !$0.isSecret } ?? false
            return before + (isMask ? "\\[[" : "[[") + piece
        }
    }

    /// Whether it names a secret.
    var isSecret: Bool {
        if case .secret = self { return true }
        return false
    }
}

/// Why a text that begins like a mask is none.
struct MaskProblem: Error, Equatable {
    let reason: String
}

extension Mask.Kind {
    /// Whether a text could be such a value, written by hand or by a command that does not mask it.
    func accepts(_ text: String) -> Bool {
        let words = text.split(separator: " ").map(String.init)
        switch self {
        case .dur: return Self.isDuration(words)
        case .rate: return words.count == 2 && LineTokens.number(words[0]) != nil && words[1].contains("/")
        case .mem: return words.count == 2 && LineTokens.number(words[0]) != nil && Self.byteUnits.contains(words[1])
        case .time: return text.utf8.allSatisfy { $0 >= 0x2B && $0 <= 0x5A || $0 == 0x20 } && text.contains(":")
        case .path: return words.count == 1 && text.contains("/")
        case .host, .addr: return words.count == 1 && !text.isEmpty
        case .version: return words.count == 1 && text.first?.isNumber == true
        }
    }

    private static let byteUnits: Set = ["B", "KiB", "MiB", "GiB", "TiB", "kB", "MB", "GB"]
    private static let timeUnits: Set = ["µs", "ms", "s", "min", "h"]

    /// `1.24 s`, `2 min 05 s`.
    private static func isDuration(_ words: [String]) -> Bool {
        guard words.count == 2 || words.count == 4 else { return false }
        return stride(from: 0, to: words.count, by: 2).allSatisfy { index in
            Double(words[index]) != nil && timeUnits.contains(words[index + 1])
        }
    }
}
