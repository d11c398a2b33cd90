/// The opening fence of a cell, and how a notebook cell's name and tags get into it.
enum CellFence {
    /// The info string of a cell that has a name and tags only.
    static func usualInfo(id: String, tags: [String]) -> String {
        "nb id=\(id)" + (tags.isEmpty ? "" : " tags=" + tags.joined(separator: ","))
    }

    /// Whether tags can stand in a fence.
    static func holds(_ tags: [String]) -> Bool {
        tags.allSatisfy { tag in
            !tag.isEmpty && !tag.contains { $0.isWhitespace || $0 == "," || $0 == "`" }
        }
    }

    /// A block that begins with a fence as it was written, made longer if the source needs it.
    static func block(opening: String, source: String) -> FencedBlock {
        let mark = opening.drop { $0 == " " }
        let info = String(mark.drop { $0 == "`" })
        let usual = FencedBlock(info: info, content: source.sourceLines)
        guard opening.hasPrefix(usual.closing) else { return usual }
        let fence = String(opening.prefix { $0 == "`" })
        return FencedBlock(opening: opening, content: usual.content, closing: fence)
    }

    /// What an opening fence says; nil when it opens no cell.
    static func attributes(_ opening: String) -> CellAttributes? {
        guard let fence = Fence(opening), fence.kind == "nb" else { return nil }
        return try? CellAttributes(info: fence.rest)
    }

    /// What a block's opening fence says.
    static func attributes(_ block: FencedBlock) -> CellAttributes? { attributes(block.opening) }

    /// Whether a block is one cell and nothing else.
    static func isWhole(_ block: FencedBlock) -> Bool {
        let text = block.lines.map { $0 + "\n" }.joined()
        return (try? SessionFile(parsing: text, file: ""))?.cells.first?.source == block
    }

    /// The opening fence with another name and tags, its other words kept.
    static func opening(_ opening: String, id: String, tags: [String]) -> String {
        let info = opening.drop { $0 == " " || $0 == "`" }.trimmed
        let kept = info.split(separator: " ").dropFirst().filter { !$0.hasPrefix("id=") && !$0.hasPrefix("tags=") }
        return "```" + ([usualInfo(id: id, tags: tags)] + kept.map(String.init)).joined(separator: " ")
    }
}

/// A text kept in a fenced block, because it would not be read as prose, or is none.
enum FencedText {
    /// The lines of the block.
    static func lines(_ source: String, kind: NotebookCell.Kind) -> [String] {
        FencedBlock(info: kind.rawValue, content: source.sourceLines).lines
    }

    /// The text in a block; nil when the lines are no such block.
    static func source(in lines: [String], kind: NotebookCell.Kind) -> String? {
        guard lines.count >= 2 else { return nil }
        let source = lines[1..<lines.count - 1].joined(separator: "\n")
        return self.lines(source, kind: kind) == lines ? source : nil
    }
}

/// Names made of headings.
enum Slug {
    /// The first heading's words in small letters with hyphens between; nil when there is no heading or no ASCII in it.
    static func text(of lines: [String]) -> String? {
        guard let heading = lines.first(where: { $0.hasPrefix("#") }) else { return nil }
        let words = heading.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
        let slug = String(words.joined(separator: "-").prefix(48))
        return slug.isEmpty ? nil : slug
    }
}

extension String {
    /// The lines of a cell's text; none for an empty one.
    var sourceLines: [String] { isEmpty ? [] : pieces }
}
