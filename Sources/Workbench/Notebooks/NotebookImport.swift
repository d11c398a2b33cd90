import Console
import JSON

/// Turns a notebook into a session file.
///
/// Cells in Palinote's language become cells; programs in other languages stay in the text, with a word on what does
/// their work here. Nothing is left out without being counted.
struct NotebookImport {
    /// The session.
    private(set) var file: SessionFile
    /// Pictures to be written, by their paths relative to the session file.
    private(set) var pictures: [(path: String, bytes: [UInt8])] = []
    /// What became of what.
    private(set) var summary = ImportSummary()

    private let notebook: Notebook
    private let assets: String
    private var lines: [String] = []
    private var ids: UniqueNames
    /// Whether the last thing written was prose, a cell, or nothing.
    private var last: Piece?
    private var isEmptyBody = true
    private var hasNotebookMarker = false

    private enum Piece {
        case text
        case cell
    }

    /// Converts a notebook.
    /// - Parameter name: the session's name, without folder and ending.
    init(_ notebook: Notebook, name: String) throws {
        self.notebook = notebook
        assets = name + ".assets"
        file = SessionFile(header: SessionHeader(lines: nil))
        ids = UniqueNames(taken: Set(notebook.cells.map(\.id)))
        addFront(name)
        for cell in notebook.cells { add(cell) }
        let note = notebook.metadata["palinote"]
        lines += note?["end"]?.strings ?? []
        let ending = note?["newline"]?.bool == false || lines.isEmpty ? "" : "\n"
        file = try SessionFile(parsing: lines.joined(separator: "\n") + ending, file: name)
    }
}

extension NotebookImport {
    private var isPalinote: Bool { notebook.language == NotebookLanguage.name }

    private mutating func addFront(_ name: String) {
        if let palinote = notebook.metadata["palinote"] {
            lines += palinote["front"]?.strings ?? []
        } else {
            let heading = notebook.cells.lazy.filter { $0.kind == .markdown }.compactMap { cell in
                cell.source.pieces.first { $0.hasPrefix("# ") }?.dropFirst(2).trimmed
            }.first { !$0.isEmpty }
            lines += SessionHeader([(.session, "1"), (.title, heading ?? name)]).allLines
        }
        var other = notebook.metadata
        other["palinote"] = nil
        if other["kernelspec"] == NotebookLanguage.kernelspec { other["kernelspec"] = nil }
        if other["language_info"] == NotebookLanguage.languageInfo { other["language_info"] = nil }
        guard !other.isEmpty else { return }
        if isPalinote {
            lines.append(NotebookMarker(id: "", details: other).line)
            hasNotebookMarker = true
        } else {
            summary.leftOut("metadata of the notebook (\(other.keys.joined(separator: ", ")))")
        }
    }

    private mutating func add(_ cell: NotebookCell) {
        switch cell.kind {
        case .code where notebook.language(of: cell) == NotebookLanguage.name: addCell(cell)
        case .code: addForeign(cell)
        case .markdown, .raw: addText(cell)
        }
    }

    /// Writes the blank lines in front of a piece.
    private mutating func addGap(_ cell: NotebookCell) {
        let kept = cell.metadata["palinote"]?["before"]?.strings?.allSatisfy { $0.trimmed.isEmpty } ?? false
        let usual = SessionPieces.Piece.usualGap(at: isEmptyBody ? 0 : 1)
        lines += kept ? cell.metadata["palinote"]?["before"]?.strings ?? usual : usual
        isEmptyBody = false
    }

    /// The cell's metadata without what is Palinote's own.
    private func otherMetadata(_ cell: NotebookCell) -> JSONObject {
        var metadata = cell.metadata
        metadata["palinote"] = nil
        return metadata
    }

    private mutating func id(of cell: NotebookCell) -> String {
        CellAttributes.isID(cell.id) ? cell.id : ids.make("cell")
    }
}

extension NotebookImport {
    private mutating func addText(_ cell: NotebookCell) {
        let note = cell.metadata["palinote"]
        var details = note?["details"]?.object ?? JSONObject()
        if isPalinote {
            let metadata = otherMetadata(cell)
            if !metadata.isEmpty { details["metadata"] = .object(metadata) }
            if let attachments = cell.attachments { details["attachments"] = .object(attachments) }
        } else {
            summary.leftOut(otherMetadata(cell).keys.map { "metadata of cells (\($0))" })
            if let attachments = cell.attachments { summary.leftOut("attachments", count: attachments.count) }
        }
        summary.texts += 1
        var text = cell.source.sourceLines
        let prose = ProseText(text)
        let isReadable = prose.isReadable && (prose.hasNoMarker || note?["prose"]?.bool == true)
        if cell.kind == .raw || note?["fenced"]?.bool == true || !isReadable {
            text = FencedText.lines(cell.source, kind: cell.kind)
            details["as"] = .string(cell.kind.rawValue)
        }
        let isNamed = isPalinote && note?["unnamed"]?.bool != true
        let needsMarker =
            !details.isEmpty || (last == .text && isPalinote) || !ProseText(text).standsAlone
            || (last == .cell && ProseText(text).beginsWithPicture)
            || (isEmptyBody && !hasNotebookMarker && ProseText(text).beginsLikeFrontMatter)
        guard !text.isEmpty || isPalinote else { return }
        addGap(cell)
        if isNamed || needsMarker { lines.append(NotebookMarker(id: id(of: cell), details: details).line) }
        lines += text
        last = .text
    }

    private mutating func addCell(_ cell: NotebookCell) {
        let note = cell.metadata["palinote"]
        let id = id(of: cell)
        var other = otherMetadata(cell)
        let tags = other["tags"]?.strings ?? []
        let holdsTags = CellFence.holds(tags)
        if holdsTags { other["tags"] = nil }
        let converted = NotebookOutputImport(cell, id: id, assets: assets)
        var details = JSONObject()
        if !other.isEmpty { details["metadata"] = .object(other) }
        if !converted.kinds.isEmpty { details["outputs"] = .object(converted.kinds) }
        var block = block(of: cell, id: id, tags: holdsTags ? tags : [])
        if !details.isEmpty, CellFence.attributes(block)?.id != id {
            block = FencedBlock(info: CellFence.usualInfo(id: id, tags: holdsTags ? tags : []), content: block.content)
        }
        addGap(cell)
        if !details.isEmpty { lines.append(NotebookMarker(id: id, details: details).line) }
        lines += block.lines + converted.blocks.flatMap(\.lines)
        pictures += converted.pictures
        summary.cells += 1
        summary.pictures += converted.pictures.count
        summary.leftOut(converted.dropped)
        if note?["outputs"] == nil, !cell.outputs.isEmpty { summary.rebuilt += 1 }
        last = .cell
    }

    /// The cell's block: as it was written where the notebook says so and nothing was changed since.
    private func block(of cell: NotebookCell, id: String, tags: [String]) -> FencedBlock {
        let note = cell.metadata["palinote"]
        guard let opening = note?["fence"]?.string, let attributes = CellFence.attributes(opening) else {
            return FencedBlock(info: CellFence.usualInfo(id: id, tags: tags), content: cell.source.sourceLines)
        }
        let isSame = (attributes.id ?? id) == id && attributes.tags == tags
        if isSame, let lines = note?["source"]?.strings, lines.count >= 2, lines[0] == opening {
            let block = FencedBlock(
                opening: opening, content: Array(lines[1..<lines.count - 1]), closing: lines[lines.count - 1])
            let source = block.content.map(\.withoutCarriageReturn).joined(separator: "\n")
            if source == cell.source, CellFence.isWhole(block) { return block }
        }
        return CellFence.block(
            opening: isSame ? opening : CellFence.opening(opening, id: id, tags: tags), source: cell.source)
    }

    /// A program in another language: it stays readable, and a word says what does its work here.
    private mutating func addForeign(_ cell: NotebookCell) {
        summary.foreign += 1
        summary.leftOut(otherMetadata(cell).keys.map { "metadata of cells (\($0))" })
        let language = (notebook.language(of: cell) ?? "python").filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        guard !cell.source.isEmpty else { return }
        addGap(cell)
        lines += FencedBlock(info: language, content: cell.source.sourceLines).lines
        let equivalents = PythonEquivalents.notes(on: cell.source)
        summary.equivalents += equivalents.isEmpty ? 0 : 1
        if !equivalents.isEmpty { lines += [""] + equivalents.map { "> Palinote: " + $0 + "  " } }
        let id = cell.outputs.isEmpty ? "" : id(of: cell)
        for output in cell.outputs { addForeign(output, of: id) }
        last = .text
    }

    private mutating func addForeign(_ output: NotebookOutput, of id: String) {
        switch output {
        case .stream(_, let text): addForeign(text: text)
        case .error(let name, let value, let traceback):
            addForeign(text: traceback.isEmpty ? name + ": " + value : traceback.joined(separator: "\n").withoutEscapes)
        case .display(let data, _, _):
            let picture = NotebookPicture.bytes(in: data)
            if let picture {
                summary.pictures += 1
                let path = Paths.join(assets, "\(id)-\(summary.pictures).\(picture.type.ending)")
                pictures.append((path, picture.bytes))
                lines += ["", "![an output of the program](\(path))"]
            } else if let text = data["text/plain"]?.joinedText {
                addForeign(text: text)
            }
            summary.leftOut(data.keys.filter { $0 != "text/plain" && $0 != picture?.type.rawValue })
        }
    }

    private mutating func addForeign(text: String) {
        let content = text.linesOfText.map { String($0.split(separator: "\r").last ?? "") }
        if !content.isEmpty { lines += [""] + FencedBlock(info: "text", content: content).lines }
    }
}
