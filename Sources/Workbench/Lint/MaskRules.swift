import Console

/// Masks and tolerances of a cell that do nothing, or that let everything through.
struct MaskRules {
    let cell: SessionCell

    /// Everything found in the cell.
    var findings: [LintFinding] { inCommands + unusedTolerances + wideTolerances + inOutputs }

    /// A relative tolerance from here on says hardly anything about a number.
    private static let widestTolerance = 0.5
    /// A bound that a number keeps by more than this factor says hardly anything about it.
    private static let widestBound = 10.0

    private var inCommands: [LintFinding] {
        cell.source.content.enumerated().flatMap { index, line in
            LineTokens(line).tokens.compactMap { token in
                guard case .mask(let mask, let text) = token, !mask.isSecret else { return nil }
                return LintFinding(
                    line: cell.line + 1 + index,
                    message: "the mask \(text) stands in a command, where nothing is masked; write what is to be run")
            }
        }
    }

    private var unusedTolerances: [LintFinding] {
        let attributes = cell.attributes
        let keys = [("rtol", attributes.relativeTolerance), ("atol", attributes.absoluteTolerance)]
        let given = keys.filter { $0.1 != nil }.map(\.0)
        guard !given.isEmpty, cell.recordedEnd != nil, !hasNumbers else { return [] }
        return [
            LintFinding(
                line: cell.line,
                message: """
                    \(given.joined(separator: " and ")) of this cell meets no number: its outputs hold none with a point \
                    or an exponent; remove it
                    """)
        ]
    }

    private var hasNumbers: Bool {
        cell.outputs.contains { block in
            switch block {
            case .out(_, let block), .err(let block), .error(_, let block):
                block.content.contains { line in
                    LineTokens(line).tokens.contains { token in
                        if case .number = token { return true }
                        return false
                    }
                }
            case .picture, .boxes, .blank: false
            }
        }
    }

    private var wideTolerances: [LintFinding] {
        guard let share = cell.attributes.relativeTolerance, share >= Self.widestTolerance else { return [] }
        return [
            LintFinding(
                line: cell.line,
                message: """
                    rtol=\(NumberStyle.shortest.text(share)) lets numbers be off by \
                    \(NumberStyle.percent(0).text(share)); give the lines that vary a rule of their own
                    """)
        ]
    }

    private var inOutputs: [LintFinding] {
        var line = cell.line + cell.source.lines.count
        var findings: [LintFinding] = []
        for block in cell.outputs {
            switch block {
            case .out(_, let text), .err(let text), .error(_, let text):
                findings += Self.coverage(of: text, at: line)
                for (index, content) in text.content.enumerated() {
                    findings += Self.findings(in: content, at: line + 1 + index)
                }
            case .picture, .boxes, .blank: break
            }
            line += block.lines.count
        }
        return findings
    }
}

extension MaskRules {
    /// A finding when `...` and `[[any]]` cover more than half of a block.
    private static func coverage(of block: FencedBlock, at line: Int) -> [LintFinding] {
        var (covered, total) = (0.0, 0.0)
        for content in block.content {
            if let counts = TextMatcher.elision(in: content) {
                let count = Double(counts.lowerBound == counts.upperBound ? counts.upperBound : 1)
                (covered, total) = (covered + count, total + count)
            } else {
                (covered, total) = (covered + coveredShare(of: content), total + 1)
            }
        }
        guard covered * 2 > total else { return [] }
        return [
            LintFinding(
                line: line,
                message: """
                    ... and [[any]] cover \(NumberStyle.percent(0).text(covered / total)) of this output; \
                    write what it must say, or use masks of a type such as [[dur]]
                    """)
        ]
    }

    /// The share of a line's words that are `[[any]]`.
    private static func coveredShare(of line: String) -> Double {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard !words.isEmpty else { return 0 }
        return Double(words.count { $0.contains("[[any]]") }) / Double(words.count)
    }

    private static func findings(in line: String, at number: Int) -> [LintFinding] {
        var findings: [LintFinding] = []
        func note(_ message: String) { findings.append(LintFinding(line: number, message: message)) }
        if TextMatcher.elision(in: line) == 0...0 { note("\(line) stands for no line; remove it") }
        var last: Mask?
        for token in LineTokens(line).tokens {
            guard case .mask(let mask, let text) = token else {
                last = nil
                continue
            }
            if mask == .any, last == .any { note("a second [[any]] has nothing left to cover; remove it") }
            if case .number(let recorded, let rules) = mask {
                if let value = recorded.flatMap(LineTokens.number),
                    let broken = rules.first(where: { $0.isBroken(by: value) })
                {
                    note(
                        "\(text) holds a number that breaks its own rule \(broken.text); record it anew or mend the rule"
                    )
                } else if rules.allSatisfy({ isWide($0, recorded.flatMap(LineTokens.number)) }) {
                    note("\(text) accepts nearly any number; give a bound near to what it should be")
                }
            }
            last = mask
        }
        return findings
    }

    /// Whether a rule says hardly anything about a number.
    private static func isWide(_ rule: Tolerance, _ recorded: Double?) -> Bool {
        switch rule {
        case .relative(let share): return share >= widestTolerance
        case .absolute(let amount): return recorded.map { $0 != 0 && amount >= widestTolerance * abs($0) } ?? false
        case .atLeast(let least):
            guard let recorded else { return least == -.infinity }
            return recorded > 0 && least <= recorded / widestBound
        case .atMost(let most):
            guard let recorded else { return most == .infinity }
            return recorded > 0 && most >= recorded * widestBound
        }
    }
}

extension Tolerance {
    /// Whether a recorded number is outside the bound.
    fileprivate func isBroken(by value: Double) -> Bool {
        switch self {
        case .relative, .absolute: false
        case .atLeast(let least): !(value >= least)
        case .atMost(let most): !(value <= most)
        }
    }
}
