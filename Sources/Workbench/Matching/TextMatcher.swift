/// Compares the recorded lines of a block with those that came now; `...` stands for lines that do not matter.
struct TextMatcher {
    /// Where two blocks differ.
    struct Difference: Equatable {
        /// The recorded line, counted from 0; the count of lines when something came after the last.
        let expectedIndex: Int
        /// The recorded line; nil when there is none.
        let expected: String?
        /// The line that came; nil when none did.
        let found: String?
        /// Why they differ.
        let reason: LineMatcher.Difference
    }

    /// A `...` without a number stands for at most so many lines.
    static let mostElidedLines = 5

    let lines: LineMatcher

    /// The first difference, or nil when the blocks agree.
    func difference(expected: [String], found: [String]) -> Difference? {
        var walk = TextWalk(lines: lines, expected: expected.map(\.withoutCarriageReturn), found: found)
        return walk.run()
    }

    /// The count of lines that a recorded line elides: a fixed one, or nil for up to five; nil if it elides nothing.
    static func elision(in line: String) -> ClosedRange<Int>? {
        if line == "..." { return 0...mostElidedLines }
        guard line.hasPrefix("... ("), line.hasSuffix(")"), let count = Int(line.dropFirst(5).dropLast()), count >= 0
        else {
            return nil
        }
        return count...count
    }

    /// A line of output as a recording holds it: one that would read as an elision or an escape gets a `\` in front.
    static func escaped(_ line: String) -> String {
        elision(in: line) != nil || line.hasPrefix("\\") ? "\\" + line : line
    }
}

private struct TextWalk {
    let lines: LineMatcher
    let expected: [String]
    let found: [String]
    private var farthest: TextMatcher.Difference?
    private var failed: Set<Int> = []

    init(lines: LineMatcher, expected: [String], found: [String]) {
        self.lines = lines
        self.expected = expected
        self.found = found
    }

    mutating func run() -> TextMatcher.Difference? { matches(0, 0) ? nil : farthest }

    /// Walks down both blocks together and branches only at an elision.
    private mutating func matches(_ startI: Int, _ startJ: Int) -> Bool {
        var (i, j) = (startI, startJ)
        while i < expected.count {
            if let counts = TextMatcher.elision(in: expected[i]) { return tryElision(counts, i, j) }
            guard j < found.count else { return fail(i, j, .text) }
            if let reason = lines.difference(expected: expected[i], found: found[j]) { return fail(i, j, reason) }
            (i, j) = (i + 1, j + 1)
        }
        return j == found.count || fail(i, j, .text)
    }

    private mutating func tryElision(_ counts: ClosedRange<Int>, _ i: Int, _ j: Int) -> Bool {
        let key = i * (found.count + 1) + j
        guard failed.insert(key).inserted else { return false }
        for count in counts where j + count <= found.count {
            if matches(i + 1, j + count) { return true }
        }
        return fail(i, j, .text)
    }

    private mutating func fail(_ i: Int, _ j: Int, _ reason: LineMatcher.Difference) -> Bool {
        if i >= farthest?.expectedIndex ?? -1 {
            farthest = TextMatcher.Difference(
                expectedIndex: i, expected: i < expected.count ? expected[i] : nil,
                found: j < found.count ? found[j] : nil, reason: reason)
        }
        return false
    }
}
