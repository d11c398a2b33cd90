import Console

/// What the opening fence of a cell says: `nb id=train tags=long rtol=1e-3 timeout=120`.
package struct CellAttributes: Sendable, Equatable {
    /// The name, unique in the file; nil lets the cell's number be its name.
    package var id: String?
    /// Words to choose cells by.
    package var tags: [String] = []
    /// The cell's own relative tolerance.
    package var relativeTolerance: Double?
    /// The cell's own absolute tolerance.
    package var absoluteTolerance: Double?
    /// Seconds after which a replay stops the cell at its next step and counts it as different.
    package var timeout: Double?
    /// When to leave the cell out: `missing:PATH` or `unset:NAME`.
    package var skipCondition: SkipCondition?

    /// Makes attributes with a name only.
    package init(id: String? = nil) { self.id = id }

    static let keys = ["id", "tags", "rtol", "atol", "timeout", "skip-if"]

    /// Reads the words behind `nb`.
    init(info: String) throws(InfoProblem) {
        for (key, value) in try InfoString.pairs(of: info, keys: Self.keys, place: "a cell") {
            switch key {
            case "id":
                guard Self.isID(value) else { throw .bad(key, value, "1 to 64 letters, digits, _ or -") }
                id = value
            case "tags": tags = value.split(separator: ",").map(String.init)
            case "rtol": relativeTolerance = try InfoString.amount(key, value)
            case "atol": absoluteTolerance = try InfoString.amount(key, value)
            case "timeout": timeout = try InfoString.amount(key, value)
            default:
                guard let condition = SkipCondition(value) else { throw .bad(key, value, "missing:PATH or unset:NAME") }
                skipCondition = condition
            }
        }
    }

    /// Whether a text may be a cell's id.
    package static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                let character = Character(Unicode.Scalar(byte))
                return byte < 0x80 && (character.isLetter || character.isNumber || byte == 0x5F || byte == 0x2D)
            }
    }
}

/// When a cell is left out of a run or replay.
package enum SkipCondition: Sendable, Equatable {
    /// Nothing is at the path, seen from the session's root.
    case missing(String)
    /// The environment variable is not set.
    case unset(String)

    init?(_ text: String) {
        let halves = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard halves.count == 2 else { return nil }
        switch halves[0] {
        case "missing": self = .missing(halves[1])
        case "unset": self = .unset(halves[1])
        default: return nil
        }
    }
}

/// What the opening fence of an output says: `out rc=0 state=5d0c91aa3b7e parts=model.weights:1a2b3c4d`.
package struct OutAttributes: Sendable, Equatable {
    /// The return code.
    package var code: Int?
    /// The state after the cell.
    package var state: String?
    /// The parts of the state that this cell changed, with the first digits of each.
    package var parts: [StatePart] = []

    /// Makes attributes; an output behind the first of its cell has none.
    package init(code: Int? = nil, state: String? = nil, parts: [StatePart] = []) {
        self.code = code
        self.state = state
        self.parts = parts
    }

    init(info: String) throws(InfoProblem) {
        for (key, value) in try InfoString.pairs(of: info, keys: ["rc", "state", "parts"], place: "an output") {
            switch key {
            case "rc":
                guard let number = Int(value) else { throw .bad(key, value, "a whole number") }
                code = number
            case "state":
                guard value.utf8.count == 12, value.allSatisfy(\.isHexDigit) else {
                    throw .bad(key, value, "twelve hexadecimal digits")
                }
                state = value
            default:
                for word in value.split(separator: ",") {
                    guard let colon = word.lastIndex(of: ":") else { throw .bad(key, value, "name:digits,...") }
                    parts.append(
                        StatePart(name: String(word[..<colon]), digest: String(word[word.index(after: colon)...])))
                }
            }
        }
    }

    /// The info string.
    var info: String {
        var words = ["out"]
        if let code { words.append("rc=\(code)") }
        if let state { words.append("state=\(state)") }
        if !parts.isEmpty { words.append("parts=" + parts.map { "\($0.name):\($0.digest)" }.joined(separator: ",")) }
        return words.joined(separator: " ")
    }
}

/// What is wrong with an info string, before file and line are known.
struct InfoProblem: Error, Equatable {
    let problem: SessionFileError.Problem

    static func bad(_ key: String, _ found: String, _ expected: String) -> InfoProblem {
        InfoProblem(problem: .badValue(key: key, found: found, expected: expected))
    }
}

/// The `key=value` words of a fence.
enum InfoString {
    static func pairs(of info: String, keys: [String], place: String) throws(InfoProblem) -> [(String, String)] {
        var pairs: [(String, String)] = []
        for word in info.split(whereSeparator: \.isWhitespace) {
            let halves = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard keys.contains(halves[0]) else {
                let near = Suggestions.nearest(to: halves[0], among: keys)
                throw InfoProblem(problem: .unknownKey(halves[0], place: place, suggestions: near))
            }
            guard halves.count == 2, !halves[1].isEmpty else {
                throw .bad(halves[0], String(word), "\(halves[0])=VALUE")
            }
            guard !pairs.contains(where: { $0.0 == halves[0] }) else {
                throw InfoProblem(problem: .repeatedKey(halves[0]))
            }
            pairs.append((halves[0], halves[1]))
        }
        return pairs
    }

    static func amount(_ key: String, _ value: String) throws(InfoProblem) -> Double {
        guard let amount = Double(value), amount.isFinite, amount >= 0 else {
            throw .bad(key, value, "a number from 0")
        }
        return amount
    }
}
