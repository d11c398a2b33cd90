import Console

/// Compares a recorded line with the line that came now.
struct LineMatcher {
    /// Why two lines differ.
    enum Difference: Equatable {
        /// Something other than a number differs.
        case text
        /// A number is off by more than is allowed.
        case number(expected: Double, found: Double, allowed: Double)
        /// A number breaks its rule.
        case rule(String, found: Double)
    }

    /// What counts as agreement.
    enum Mode: Equatable {
        /// The same bytes; only values that vary by type may differ.
        case strict
        /// The same bytes, but numbers with a rule of their own only have to meet it: such a line need not be recorded anew.
        case keeping
        /// Numbers within a tolerance, and any width of columns.
        case tolerant(NumberTolerance)
    }

    /// What counts as agreement.
    let mode: Mode

    private var isTolerant: Bool {
        if case .tolerant = mode { return true }
        return false
    }

    /// The difference, or nil when the lines agree.
    func difference(expected: String, found: String) -> Difference? {
        if expected == found { return nil }
        let pattern = LineTokens(expected).tokens
        let line = LineTokens(found).tokens
        var walk = Walk(
            matcher: self, pattern: isTolerant ? normalized(pattern) : pattern,
            line: isTolerant ? normalized(line) : line)
        return walk.matches(0, 0) ? nil : walk.difference
    }

    /// Without blanks at the end, and each run of blanks as one: columns widen with their numbers.
    private func normalized(_ tokens: [LineTokens.Token]) -> [LineTokens.Token] {
        var result = tokens.map { token -> LineTokens.Token in
            if case .blank = token { return .blank(" ") }
            return token
        }
        if case .blank? = result.last { result.removeLast() }
        if case .blank? = result.first { result.removeFirst() }
        return result
    }
}

/// One comparison; keeps the difference found farthest to the right.
private struct Walk {
    let matcher: LineMatcher
    let pattern: [LineTokens.Token]
    let line: [LineTokens.Token]
    private(set) var difference = LineMatcher.Difference.text
    private var farthest = -1
    /// Pairs of places that were tried and failed, so that several `[[any]]` stay cheap.
    private var failed: Set<Int> = []

    init(matcher: LineMatcher, pattern: [LineTokens.Token], line: [LineTokens.Token]) {
        self.matcher = matcher
        self.pattern = pattern
        self.line = line
    }

    mutating func matches(_ i: Int, _ j: Int) -> Bool {
        if i == pattern.count { return j == line.count || fail(i, j, .text) }
        let key = i * (line.count + 1) + j
        if failed.contains(key) { return false }
        if tryToken(i, j) { return true }
        failed.insert(key)
        return false
    }

    private mutating func tryToken(_ i: Int, _ j: Int) -> Bool {
        if case .mask(let mask, let text) = pattern[i] {
            if j < line.count, line[j].text == text, matches(i + 1, j + 1) { return true }
            return tryMask(mask, i, j)
        }
        guard j < line.count else { return fail(i, j, .text) }
        if let difference = compare(pattern[i], line[j]) { return fail(i, j, difference) }
        return matches(i + 1, j + 1)
    }

    private mutating func tryMask(_ mask: Mask, _ i: Int, _ j: Int) -> Bool {
        switch mask {
        case .any:
            for end in j...line.count where matches(i + 1, end) { return true }
            return false
        case .secret: return fail(i, j, .text)
        case .value(let kind):
            if j < line.count, case .mask(.value(kind), _) = line[j] { return matches(i + 1, j + 1) }
            for end in stride(from: line.count, to: j, by: -1) {
                let text = line[j..<end].map(\.text).joined()
                if kind.accepts(text), matches(i + 1, end) { return true }
            }
            return fail(i, j, .text)
        case .number(let recorded, let rules):
            guard j < line.count, let text = number(line[j]), let found = LineTokens.number(text) else {
                return fail(i, j, .text)
            }
            if let difference = check(text, found, recorded, rules) { return fail(i, j, difference) }
            return matches(i + 1, j + 1)
        }
    }

    /// A number of the line that came now, with or without a rule of its own.
    private func number(_ token: LineTokens.Token) -> String? {
        switch token {
        case .integer(let text), .number(let text), .text(let text): text
        case .mask(.number(let recorded?, _), _): recorded
        default: nil
        }
    }

    private func check(
        _ text: String, _ found: Double, _ recorded: String?, _ rules: [Tolerance]
    ) -> LineMatcher.Difference? {
        let expected = recorded.flatMap(LineTokens.number) ?? 0
        if matcher.mode == .strict, let recorded {
            return recorded == text ? nil : .number(expected: expected, found: found, allowed: 0)
        }
        for rule in rules {
            switch rule {
            case .relative(let share): if let off = off(expected, found, allowed: share * abs(expected)) { return off }
            case .absolute(let amount): if let off = off(expected, found, allowed: amount) { return off }
            case .atLeast(let least): if !(found >= least) { return .rule(rule.text, found: found) }
            case .atMost(let most): if !(found <= most) { return .rule(rule.text, found: found) }
            }
        }
        return nil
    }

    private func compare(_ expected: LineTokens.Token, _ found: LineTokens.Token) -> LineMatcher.Difference? {
        if expected == found { return nil }
        guard let value = expected.value, let otherValue = found.value else { return .text }
        guard case .tolerant(let tolerance) = matcher.mode, case .number(let text) = expected, case .number = found
        else { return off(value, otherValue, allowed: 0) ?? .text }
        let lastDigit = Self.lastDigit(of: text)
        let isFine = lastDigit <= max(Self.finestDigit, Self.finestShare * abs(value))
        let allowed = tolerance.absolute + tolerance.relative * abs(value) + (isFine ? lastDigit : 0)
        return off(value, otherValue, allowed: allowed)
    }

    private func off(_ expected: Double, _ found: Double, allowed: Double) -> LineMatcher.Difference? {
        if expected == found || (expected.isNaN && found.isNaN) { return nil }
        // The last factor lets a difference through that is the allowed one but for the rounding of decimals to binary.
        if abs(expected - found) <= allowed * (1 + 1e-9) { return nil }
        return .number(expected: expected, found: found, allowed: allowed)
    }

    private mutating func fail(_ i: Int, _ j: Int, _ difference: LineMatcher.Difference) -> Bool {
        if i + j > farthest {
            farthest = i + j
            self.difference = difference
        }
        return false
    }

    /// A last digit of less weight than this, or than this share of its number, may be off by one; that of `0.9` may not.
    private static let finestDigit = 1e-3
    private static let finestShare = 1e-2

    /// The weight of a number's last digit: two nearly equal values on the two sides of a rounding differ by it.
    private static func lastDigit(of text: String) -> Double {
        let halves = text.lowercased().split(separator: "e")
        let exponent = halves.count == 2 ? Int(halves[1]) ?? 0 : 0
        let digits = halves.first?.split(separator: ".").dropFirst().first?.count ?? 0
        return Double("1e\(exponent - digits)") ?? 0
    }
}
