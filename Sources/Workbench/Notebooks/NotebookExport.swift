import Console
import JSON

/// Turns a session file into a notebook. What notebooks have no place for stands in `metadata.palinote`, as little of it
/// as there is, so that the way back gives the same bytes.
struct NotebookExport {
    /// The notebook.
    private(set) var notebook = Notebook()
    /// The pictures that are not there or cannot be read, by the paths that the session names.
    private(set) var missingPictures: [String] = []

    private let source: ConversionSource
    private var ids: UniqueNames
    private var cellIndex = 0
    private var executionCount = 0

    /// Converts a session.
    init(_ source: ConversionSource) {
        self.source = source
        let pieces = SessionPieces(source.file)
        ids = UniqueNames(taken: pieces.ids)
        notebook.metadata["kernelspec"] = NotebookLanguage.kernelspec
        notebook.metadata["language_info"] = NotebookLanguage.languageInfo
        for (index, piece) in pieces.pieces.enumerated() { add(piece, at: index) }
        addMetadata(pieces)
    }

    private mutating func addMetadata(_ pieces: SessionPieces) {
        var palinote = JSONObject()
        palinote["format"] = 1
        let header = source.file.header.allLines
        if !header.isEmpty { palinote["front"] = .strings(header) }
        if !pieces.end.isEmpty { palinote["end"] = .strings(pieces.end) }
        if !source.file.endsInNewline { palinote["newline"] = false }
        for (key, value) in pieces.notebook?.details ?? JSONObject() where key != "palinote" {
            notebook.metadata[key] = value
        }
        notebook.metadata["palinote"] = .object(palinote)
    }

    private mutating func add(_ piece: SessionPieces.Piece, at index: Int) {
        var palinote = JSONObject()
        if piece.gap != SessionPieces.Piece.usualGap(at: index) { palinote["before"] = .strings(piece.gap) }
        switch piece.content {
        case .text(let lines): add(lines, piece.marker, palinote)
        case .cell(let cell): add(cell, piece.marker, palinote)
        }
    }
}

extension NotebookExport {
    private mutating func add(_ lines: [String], _ marker: NotebookMarker?, _ palinote: JSONObject) {
        var palinote = palinote
        var cell = NotebookCell(kind: .markdown, id: marker?.id ?? "", source: lines.joined(separator: "\n"))
        var details = marker?.details ?? JSONObject()
        if marker == nil {
            cell.id = ids.make(Slug.text(of: lines) ?? "text")
            palinote["unnamed"] = true
        }
        if let kind = details["as"]?.string.flatMap(NotebookCell.Kind.init), kind != .code,
            let source = FencedText.source(in: lines, kind: kind)
        {
            (cell.kind, cell.source, details["as"]) = (kind, source, nil)
            if kind == .markdown { palinote["fenced"] = true }
        }
        if cell.kind == .markdown, !ProseText(lines).hasNoMarker { palinote["prose"] = true }
        cell.metadata = details["metadata"]?.object ?? JSONObject()
        cell.attachments = details["attachments"]?.object
        details["metadata"] = nil
        details["attachments"] = nil
        if !details.isEmpty { palinote["details"] = .object(details) }
        if !palinote.isEmpty { cell.metadata["palinote"] = .object(palinote) }
        notebook.cells.append(cell)
    }

    private mutating func add(_ session: SessionCell, _ marker: NotebookMarker?, _ palinote: JSONObject) {
        var palinote = palinote
        cellIndex += 1
        var cell = NotebookCell(
            kind: .code, id: session.attributes.id ?? ids.make("cell-\(cellIndex)"), source: session.sourceText)
        let attributes = session.attributes
        cell.metadata = marker?.details["metadata"]?.object ?? JSONObject()
        if !attributes.tags.isEmpty { cell.metadata["tags"] = .strings(attributes.tags) }
        let info = CellFence.usualInfo(id: cell.id, tags: attributes.tags)
        if FencedBlock(info: info, content: cell.source.sourceLines) != session.source {
            palinote["fence"] = .string(session.source.opening)
            let block = CellFence.block(opening: session.source.opening, source: cell.source)
            if block != session.source { palinote["source"] = .strings(session.source.lines) }
        }
        if session.recordedEnd != nil {
            executionCount += 1
            cell.executionCount = executionCount
        }
        let kinds = marker?.details["outputs"]?.object
        let record = addOutputs(of: session, to: &cell, kinds: kinds)
        if !record.items.isEmpty {
            palinote["outputs"] = .array(record.items)
            palinote["shown"] = .string(ShownOutput.digest(of: record.shownLines))
        }
        if !palinote.isEmpty { cell.metadata["palinote"] = .object(palinote) }
        notebook.cells.append(cell)
    }

    /// Adds what a cell said, and returns the lines of its blocks: a number stands for so many lines that are shown as
    /// they are recorded.
    private mutating func addOutputs(
        of session: SessionCell, to cell: inout NotebookCell, kinds: JSONObject?
    ) -> LineRecord {
        var record = LineRecord()
        let concrete = source.concrete[cellIndex - 1]
        for (index, block) in session.outputs.enumerated() {
            let known = concrete.flatMap { index < $0.count ? $0[index] : nil }
            let shown = ShownOutput(block, concrete: known)
            if let output = shown.map({ self.output($0) }) {
                let kind = kinds?[String(cell.outputs.count)]?.string
                cell.outputs.append(output.restored(as: kind))
            }
            switch block {
            case .picture(_, let line), .blank(let line): record.add(line)
            default:
                guard let fence = block.block else { continue }
                record.add(fence.opening)
                for (place, line) in fence.content.enumerated() {
                    guard let shown else {
                        record.add(line)
                        continue
                    }
                    record.addShown(line, as: shown.lines[place].shown)
                }
                record.add(fence.closing)
            }
        }
        return record
    }

    private mutating func output(_ shown: ShownOutput) -> NotebookOutput {
        let lines = shown.lines.map(\.shown)
        switch shown.kind {
        case .stream(let name): return .stream(name: name, text: lines.map { $0 + "\n" }.joined())
        case .error(let code):
            let value = lines.first.map { $0.hasPrefix("error: ") ? String($0.dropFirst(7)) : $0 }
            return .error(name: code, value: value ?? "", traceback: lines)
        case .picture: return picture(shown.picture)
        }
    }

    private mutating func picture(_ reference: PictureReference?) -> NotebookOutput {
        var data = JSONObject()
        var metadata = JSONObject()
        data["text/plain"] = .lines(of: reference?.alt ?? "")
        if let reference {
            if let bytes = source.picture(reference.path), let type = PictureType(bytes) {
                data[type.rawValue] = .string(Base64.text(bytes))
                metadata["palinote"] = [
                    "file": .string(reference.path), "sha256": .string(SHA256.hexDigest(of: bytes)),
                ]
            } else {
                missingPictures.append(reference.path)
            }
        }
        return .display(data: data, metadata: metadata, isResult: false)
    }
}

/// The lines of a cell's blocks, as `metadata.palinote.outputs` keeps them.
private struct LineRecord {
    private(set) var items: [JSON] = []
    private(set) var shownLines: [String] = []

    /// A line that the notebook does not show.
    mutating func add(_ line: String) { items.append(.string(line)) }

    /// A line that the notebook shows: counted if it is shown as recorded, else kept in a list of its own.
    mutating func addShown(_ line: String, as shown: String) {
        shownLines.append(shown)
        if ShownLine.recorded(shown) != line {
            items.append([.string(line)])
        } else if case .integer(let count)? = items.last {
            items[items.count - 1] = .integer(count + 1)
        } else {
            items.append(1)
        }
    }
}

/// The types of pictures that notebooks and pages can show.
enum PictureType: String {
    case png = "image/png"
    case jpeg = "image/jpeg"

    /// The type by a file's first bytes.
    init?(_ bytes: [UInt8]) {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else {
            return nil
        }
    }

    /// The ending of a file's name.
    var ending: String { self == .png ? "png" : "jpg" }
}

extension JSON {
    /// A list of strings.
    static func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }

    /// The strings of a list; nil when it is no such list.
    var strings: [String]? {
        guard let array else { return nil }
        let texts = array.compactMap(\.string)
        return texts.count == array.count ? texts : nil
    }
}
