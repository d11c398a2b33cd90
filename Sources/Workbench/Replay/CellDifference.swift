import Console

/// One way in which a cell did not do what was recorded.
enum CellDifference: Equatable {
    /// The file holds no output for the cell.
    case notRecorded
    /// The return code.
    case code(expected: Int, found: Int)
    /// A line of text, by its number in the file.
    case line(Int, TextMatcher.Difference)
    /// Another kind of block than recorded; nil where there is none.
    case block(line: Int, expected: OutputBlock?, found: OutputBlock?)
    /// Another kind of failure.
    case errorCode(expected: String, found: String)
    /// A picture.
    case picture(path: String, PictureMatcher.Difference)
    /// A picture's digest, and the worst tile where the recorded picture could be read.
    case pictureDigest(path: String, expected: String, found: String, PictureMatcher.Difference?)
    /// The state, and the part that differs first.
    case state(expected: String, found: String, part: String?)
    /// It took too long; the cell was stopped at its next step, or had ended before it.
    case timeout(limit: Double, duration: Double)

    /// The line of the file, where there is one.
    var line: Int? {
        switch self {
        case .line(let number, _), .block(let number, _, _): number
        default: nil
        }
    }

    /// What to show: labels and values.
    func fields(tolerance: NumberTolerance?) -> [(String, Text)] {
        switch self {
        case .notRecorded: [("output", "none is recorded")]
        case .code(let expected, let found): [("return code", "expected \(expected), got \(found)")]
        case .line(_, let difference): Self.fields(difference, tolerance)
        case .block(_, let expected, let found):
            [
                ("expected", Text(expected?.summary ?? "(nothing more)")),
                ("got", Text(found?.summary ?? "(nothing more)")),
            ]
        case .errorCode(let expected, let found): [("failure", "expected \(expected), got \(found)")]
        case .picture(let path, let difference): [("picture", "\(path): \(Self.text(difference))")]
        case .pictureDigest(let path, let expected, let found, let tile):
            [
                (
                    "picture",
                    "\(path): pixels sha256:\(expected) expected, sha256:\(found) got\(tile.map { "; " + Self.text($0) } ?? "")"
                )
            ]
        case .state(let expected, let found, let part):
            [("state", "expected \(expected), got \(found)\(part.map { "; first part that differs: \($0)" } ?? "")")]
        case .timeout(let limit, let duration):
            [("time", "took \(.duration(duration)), the timeout is \(.duration(limit))")]
        }
    }

    private static func fields(_ difference: TextMatcher.Difference, _ tolerance: NumberTolerance?) -> [(String, Text)]
    {
        var fields: [(String, Text)] = [
            ("expected", Text(difference.expected ?? "(no more lines)")),
            ("got", Text(difference.found ?? "(no more lines)")),
        ]
        switch difference.reason {
        case .text: break
        case .number(let expected, let found, let allowed):
            let rules = tolerance.flatMap {
                allowed > 0
                    ? " (rtol \(NumberStyle.shortest.text($0.relative)), atol \(NumberStyle.shortest.text($0.absolute)))"
                    : nil
            }
            fields.append(("off by", "\(amount(abs(expected - found))), allowed \(amount(allowed))\(rules ?? "")"))
        case .rule(let rule, let found): fields.append(("rule", "\(found, .shortest) must be \(rule)"))
        }
        return fields
    }

    /// An amount by three digits.
    private static func amount(_ value: Double) -> String {
        let rounded = Double(NumberStyle.scientific(2).text(value)) ?? value
        return NumberStyle.shortest.text(value.rounded() == value ? value : rounded).withoutTrailingZero
    }

    private static func text(_ difference: PictureMatcher.Difference) -> String {
        switch difference {
        case .size(let expected, let found): "\(expected) expected, \(found) got"
        case .pixels: "pixels differ"
        case .tile(let x, let y, let off, let limit):
            """
            worst tile (\(x),\(y)), from pixel \(x * PictureMatcher.tileSide),\(y * PictureMatcher.tileSide), \
            is off by \(amount(off)) levels, allowed \(amount(limit))
            """
        case .unreadable(let reason): reason
        }
    }
}

extension OutputBlock {
    /// The block's kind and how it begins.
    fileprivate var summary: String {
        switch self {
        case .out(_, let block), .err(let block), .error(_, let block), .boxes(let block):
            "\(kindName) of \(block.content.count.counting("line"))" + (block.content.first.map { ": " + $0 } ?? "")
        case .picture(let reference, _): "picture \(reference.path)"
        case .blank: "a blank line"
        }
    }
}
