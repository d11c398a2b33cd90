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
    case block(line: Int, expected: String?, found: String?)
    /// Another kind of failure.
    case errorCode(expected: String, found: String)
    /// A picture.
    case picture(path: String, PictureMatcher.Difference)
    /// A picture's digest, and the worst tile where the recorded picture could be read.
    case pictureDigest(path: String, expected: String, found: String, PictureMatcher.Difference?)
    /// The state, and the part that differs first.
    case state(expected: String, found: String, part: String?)
    /// It took too long.
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
            [("block", "expected \(expected ?? "no more"), got \(found ?? "no more")")]
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
            [("time", "took \(.duration(duration)), allowed \(.duration(limit))")]
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
            let rules = tolerance.map {
                " (rtol \(NumberStyle.shortest.text($0.relative)), atol \(NumberStyle.shortest.text($0.absolute)))"
            }
            fields.append(
                ("off by", "\(abs(expected - found), .scientific(2)), allowed \(allowed, .scientific(2))\(rules ?? "")")
            )
        case .rule(let rule, let found): fields.append(("rule", "\(found, .shortest) must be \(rule)"))
        }
        return fields
    }

    private static func text(_ difference: PictureMatcher.Difference) -> String {
        switch difference {
        case .size(let expected, let found): "\(expected) expected, \(found) got"
        case .pixels: "pixels differ"
        case .tile(let x, let y, let off, let limit):
            "tile (\(x),\(y)) is off by \(NumberStyle.fixed(1).text(off)) levels, allowed \(NumberStyle.shortest.text(limit))"
        case .unreadable(let reason): reason
        }
    }
}
