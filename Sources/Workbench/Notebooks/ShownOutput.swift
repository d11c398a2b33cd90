import Console
import Images
import JSON

/// A recorded line as a person sees it, and back.
enum ShownLine {
    /// The line without the escapes of a session file, and with a number in place of a mask that holds one.
    static func text(_ recorded: String) -> String {
        var line = recorded.withoutCarriageReturn
        if line.hasPrefix("\\"), TextMatcher.escaped(String(line.dropFirst())) == line { line.removeFirst() }
        guard line.contains("[[") else { return line }
        let shown = LineTokens(line).tokens.map { token in
            if case .mask(.number(let number?, _), _) = token { return number }
            return token.text
        }.joined()
        let bare = shown.replacing("\\[[", with: "[[")
        return Mask.escaped(bare) == shown ? bare : shown
    }

    /// A line that somebody saw, as a session file holds it.
    static func recorded(_ shown: String) -> String { TextMatcher.escaped(Mask.escaped(shown)) }
}

/// What a notebook shows of one block of outputs.
struct ShownOutput {
    /// Where the text goes.
    enum Kind: Equatable {
        /// A stream of this name.
        case stream(String)
        /// An error of this code.
        case error(String)
        /// A picture.
        case picture
    }

    /// A line as recorded and as shown.
    struct Line {
        /// As the session file holds it, perhaps with masks.
        var recorded: String
        /// As a person sees it.
        var shown: String
    }

    /// Where it goes.
    var kind: Kind
    /// The text.
    var lines: [Line] = []
    /// The picture.
    var picture: PictureReference?

    /// What is shown of a block; nil for blank lines, lists of boxes and blocks without lines.
    /// - Parameter concrete: the block with the values that masks stand for, where they are known.
    init?(_ block: OutputBlock, concrete: OutputBlock? = nil) {
        switch block {
        case .out(_, let text):
            guard !text.content.isEmpty else { return nil }
            kind = .stream("stdout")
            lines = Self.lines(text, concrete)
        case .err(let text):
            guard !text.content.isEmpty else { return nil }
            kind = .stream("stderr")
            lines = Self.lines(text, concrete)
        case .error(let code, let text):
            kind = .error(code)
            lines = Self.lines(text, concrete)
        case .picture(let reference, _):
            kind = .picture
            picture = reference
        case .boxes, .blank: return nil
        }
    }

    private static func lines(_ block: FencedBlock, _ concrete: OutputBlock?) -> [Line] {
        let values = concrete?.block?.content
        return block.content.enumerated().map { index, line in
            let isKnown = values?.count == block.content.count
            return Line(recorded: line, shown: isKnown ? values?[index] ?? "" : ShownLine.text(line))
        }
    }
}

extension ShownOutput {
    /// The digest of shown lines: an output that was made anew is told from the recorded one by it.
    static func digest(of lines: [String]) -> String {
        String(SHA256.hexDigest(of: Array(lines.joined(separator: "\n").utf8)).prefix(12))
    }
}

extension OutputBlock {
    /// The fenced block; nil for pictures and blank lines.
    var block: FencedBlock? {
        switch self {
        case .out(_, let block), .err(let block), .error(_, let block), .boxes(let block): block
        case .picture, .blank: nil
        }
    }
}

extension Array where Element == ShownOutput {
    /// The outputs with neighbouring pieces of one stream as one, as front ends of Jupyter join them.
    var joined: [ShownOutput] {
        reduce(into: []) { result, output in
            if case .stream = output.kind, let last = result.last, last.kind == output.kind {
                result[result.count - 1].lines += output.lines
            } else {
                result.append(output)
            }
        }
    }
}
