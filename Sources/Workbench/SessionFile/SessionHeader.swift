import Console

/// The front matter of a session file: flat `key: value` lines, kept as written.
package struct SessionHeader: Sendable, Equatable {
    /// Every key there is.
    package enum Key: String, CaseIterable, Sendable {
        /// The format's number.
        case session
        /// What the session is about.
        case title
        /// Where random streams start.
        case seed
        /// The kind of device and its instruction set: `cpu avx512_bf16`.
        case device
        /// The element type models are loaded with, for readers; cells say it themselves.
        case dtype
        /// How many threads it was recorded with; never compared.
        case threads
        /// `name=version` of what computed it.
        case versions
        /// `path=sha256:HEX` of files and folders it reads.
        case inputs
        /// `auto`, `strict` or `tolerant`, and `rtol=` `atol=`.
        case match
        /// Seconds of processor time, all threads together, that a strict replay may take.
        case budget
        /// The folder of its pictures, relative to the file.
        case assets
        /// The folder its commands start from, relative to the file.
        case root
        /// `secret:NAME` and `env:NAME` it needs.
        case requires
    }

    /// The lines between the two `---`; nil when the file has no front matter.
    var lines: [String]?
    /// The line above them, as written.
    private var opening = "---"
    /// The line below them, as written.
    private var closing = "---"

    /// Makes a header of pairs.
    package init(_ pairs: [(Key, String)]) {
        lines = pairs.map { "\($0.rawValue): \($1)" }
    }

    init(lines: [String]?, opening: String = "---", closing: String = "---") {
        self.lines = lines
        self.opening = opening
        self.closing = closing
    }

    /// Everything of the front matter, with the lines that enclose it.
    var allLines: [String] { lines.map { [opening] + $0 + [closing] } ?? [] }

    /// The value of a key; setting nil removes it, setting a value keeps the other lines as they are.
    package subscript(key: Key) -> String? {
        get {
            for line in lines ?? [] {
                if let pair = Self.pair(in: line), pair.key == key.rawValue { return pair.value }
            }
            return nil
        }
        set {
            var kept = lines ?? []
            let place = kept.firstIndex { Self.pair(in: $0)?.key == key.rawValue }
            if let place, let newValue {
                kept[place] = "\(key.rawValue): \(newValue)"
            } else if let place {
                kept.remove(at: place)
            } else if let newValue {
                kept.append("\(key.rawValue): \(newValue)")
            }
            lines = kept
        }
    }

    /// Puts the format's number first if it is not there.
    package mutating func beginWithFormat() {
        if self[.session] == nil { lines = ["session: 1"] + (lines ?? []) }
    }

    static func pair(in line: String) -> (key: String, value: String)? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        return (line[..<colon].trimmed, line[colon...].dropFirst().trimmed)
    }
}

extension SessionHeader {
    /// The seed.
    package var seed: UInt64? { self[.seed].flatMap(UInt64.init) }

    /// Seconds of processor time that a strict replay may take.
    package var budget: Double? { self[.budget].flatMap(Double.init) }

    /// How a replay compares when it is not told.
    package var matchMode: ReplayModeChoice {
        self[.match]?.split(separator: " ").first.flatMap { ReplayModeChoice(rawValue: String($0)) } ?? .auto
    }

    /// What numbers may be off by in a tolerant replay.
    package var tolerance: NumberTolerance {
        var tolerance = NumberTolerance.standard
        for word in self[.match]?.split(separator: " ") ?? [] {
            if word.hasPrefix("rtol=") { tolerance.relative = Double(word.dropFirst(5)) ?? tolerance.relative }
            if word.hasPrefix("atol=") { tolerance.absolute = Double(word.dropFirst(5)) ?? tolerance.absolute }
        }
        return tolerance
    }

    /// `name=value` pairs of a key such as `inputs`.
    package func pairs(_ key: Key) -> [(name: String, value: String)] {
        (self[key] ?? "").split(separator: " ").compactMap { word in
            guard let equals = word.lastIndex(of: "=") else { return nil }
            return (String(word[..<equals]), String(word[equals...].dropFirst()))
        }
    }

    /// The problem of a line, if it has one.
    static func problem(in line: String, seen: inout Set<String>) -> SessionFileError.Problem? {
        let text = line.trimmed
        if text.isEmpty || text.hasPrefix("#") { return nil }
        guard let pair = pair(in: line) else { return .badHeaderLine(text) }
        guard let key = Key(rawValue: pair.key) else {
            let near = Suggestions.nearest(to: pair.key, among: Key.allCases.map(\.rawValue))
            return .unknownKey(pair.key, place: "the front matter", suggestions: near)
        }
        guard seen.insert(pair.key).inserted else { return .repeatedKey(pair.key) }
        return valueProblem(key, pair.value)
    }

    private static func valueProblem(_ key: Key, _ value: String) -> SessionFileError.Problem? {
        func bad(_ expected: String) -> SessionFileError.Problem {
            .badValue(key: key.rawValue, found: value, expected: expected)
        }
        let words = value.split(separator: " ")
        switch key {
        case .session: return value == "1" ? nil : .unknownFormat(value)
        case .seed: return UInt64(value) == nil ? bad("a whole number from 0") : nil
        case .budget:
            let isAmount = Double(value).map { $0.isFinite && $0 > 0 } ?? false
            return isAmount ? nil : bad("seconds of processor time, above 0")
        case .threads: return Int(value) == nil ? bad("a whole number") : nil
        case .versions: return words.allSatisfy { $0.contains("=") } ? nil : bad("name=version")
        case .inputs: return words.allSatisfy { $0.contains("=sha256:") } ? nil : bad("path=sha256:HEX")
        case .match:
            let isKnown = words.allSatisfy { word in
                ReplayModeChoice(rawValue: String(word)) != nil || isTolerance(word, "rtol=")
                    || isTolerance(word, "atol=")
            }
            return isKnown ? nil : bad("auto, strict or tolerant, rtol=X, atol=X")
        case .requires:
            let isKnown = words.allSatisfy { $0.hasPrefix("secret:") || $0.hasPrefix("env:") }
            return isKnown ? nil : bad("secret:NAME or env:NAME")
        case .title, .device, .dtype, .assets, .root: return value.isEmpty ? bad("a value") : nil
        }
    }

    private static func isTolerance(_ word: Substring, _ prefix: String) -> Bool {
        guard word.hasPrefix(prefix), let value = Double(word.dropFirst(prefix.count)) else { return false }
        return value.isFinite && value >= 0
    }
}

/// How a replay compares.
package enum ReplayModeChoice: String, Choice {
    /// Strict where device and versions are those of the recording, else tolerant.
    case auto
    /// The same bytes.
    case strict
    /// Numbers within tolerances, pictures within limits.
    case tolerant
}

/// What a number may be off by: `absolute + relative * |expected|`.
package struct NumberTolerance: Sendable, Equatable {
    /// Share of the expected number.
    package var relative: Double
    /// Amount, whatever the number.
    package var absolute: Double

    /// What holds when a session says nothing.
    package static let standard = NumberTolerance(relative: 1e-4, absolute: 1e-6)
}
