/// A session file: Markdown whose `nb` blocks are cells, followed by what they said.
///
/// Every line is kept as written; printing a file that was read gives its bytes back. docs/session-format.md is the
/// specification.
package struct SessionFile: Sendable, Equatable {
    /// A piece of the file.
    package enum Element: Sendable, Equatable {
        /// Markdown between cells.
        case prose([String])
        /// A cell with its outputs.
        case cell(SessionCell)
    }

    /// The front matter.
    package var header: SessionHeader
    /// What follows it.
    package var elements: [Element]
    /// Whether the last line ends in a newline.
    var endsInNewline = true

    /// Makes a file of parts.
    package init(header: SessionHeader, elements: [Element] = []) {
        self.header = header
        self.elements = elements
    }

    /// The cells in order.
    package var cells: [SessionCell] {
        elements.compactMap { element in
            if case .cell(let cell) = element { return cell }
            return nil
        }
    }

    /// The file's text.
    package var text: String {
        var lines: [String] = []
        lines += header.allLines
        for element in elements {
            switch element {
            case .prose(let prose): lines += prose
            case .cell(let cell): lines += cell.lines
            }
        }
        return lines.joined(separator: "\n") + (endsInNewline && !lines.isEmpty ? "\n" : "")
    }
}

/// A cell and its recorded outputs.
package struct SessionCell: Sendable, Equatable {
    /// The line of its opening fence, counted from 1; 0 for a cell that was not read from a file.
    package var line: Int
    /// What its opening fence says.
    package var attributes: CellAttributes
    /// The block with the commands.
    var source: FencedBlock
    /// What it said, in order, with blank lines between as written.
    package var outputs: [OutputBlock]

    /// Makes a cell without outputs.
    package init(id: String, source: String) {
        line = 0
        attributes = CellAttributes(id: id)
        self.source = FencedBlock(info: "nb id=\(id)", content: source.linesOfText)
        outputs = []
    }

    init(line: Int, attributes: CellAttributes, source: FencedBlock, outputs: [OutputBlock]) {
        self.line = line
        self.attributes = attributes
        self.source = source
        self.outputs = outputs
    }

    /// The commands.
    package var sourceText: String { source.content.map(\.withoutCarriageReturn).joined(separator: "\n") }

    /// The return code and state recorded, when there is an output.
    package var recordedEnd: OutAttributes? {
        for case .out(let attributes, _) in outputs where attributes.code != nil { return attributes }
        return nil
    }

    var lines: [String] { source.lines + outputs.flatMap(\.lines) }
}

/// What a cell said.
package enum OutputBlock: Sendable, Equatable {
    /// Text from commands; the first of a cell has its return code and state.
    case out(OutAttributes, FencedBlock)
    /// Warnings.
    case err(FencedBlock)
    /// Why the cell failed.
    case error(code: String, FencedBlock)
    /// A picture.
    case picture(PictureReference, line: String)
    /// The boxes drawn in the picture before.
    case boxes(FencedBlock)
    /// A blank line between blocks.
    case blank(String)

    var lines: [String] {
        switch self {
        case .out(_, let block), .err(let block), .error(_, let block), .boxes(let block): block.lines
        case .picture(_, let line), .blank(let line): [line]
        }
    }
}

/// A fenced block as written.
package struct FencedBlock: Sendable, Equatable {
    /// The opening fence with its info string.
    var opening: String
    /// The lines between.
    package var content: [String]
    /// The closing fence.
    var closing: String

    init(opening: String, content: [String], closing: String) {
        self.opening = opening
        self.content = content
        self.closing = closing
    }

    /// Makes a block whose fence is longer than any in its content.
    init(info: String, content: [String]) {
        let longest =
            content.map { line in line.drop { $0 == " " || $0 == "\t" }.prefix { $0 == "`" }.count }.max() ?? 0
        let fence = String(repeating: "`", count: max(3, longest + 1))
        self.init(opening: fence + info, content: content, closing: fence)
    }

    var lines: [String] { [opening] + content + [closing] }
}

extension String {
    /// The lines of a text; a newline at the end makes no line of its own.
    var linesOfText: [String] {
        var lines = utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            String(Substring($0))
        }
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    /// The line without a carriage return at its end.
    var withoutCarriageReturn: String {
        utf8.last == UInt8(ascii: "\r") ? String(decoding: utf8.dropLast(), as: UTF8.self) : self
    }
}
