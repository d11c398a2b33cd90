import Images
import JSON

/// Turns what a notebook's cell said into the blocks of a session file.
struct NotebookOutputImport {
    /// The blocks.
    private(set) var blocks: [OutputBlock] = []
    /// Pictures to be written, by the paths that the blocks name.
    private(set) var pictures: [(path: String, bytes: [UInt8])] = []
    /// How an output was given that a session file would show otherwise: `execute_result`, by its place.
    private(set) var kinds = JSONObject()
    /// MIME types that a session has no place for.
    private(set) var dropped: [String] = []

    private let cellID: String
    private let assets: String

    /// Converts a cell's outputs; blocks that were recorded are kept where the notebook still shows what they said.
    init(_ cell: NotebookCell, id: String, assets: String) {
        cellID = id
        self.assets = assets
        let record = RecordedLines(cell.metadata["palinote"])
        if let kept = record.blocks(for: cell.outputs) {
            blocks = kept
            keepPictures(of: cell.outputs)
        } else {
            for output in cell.outputs { add(output) }
            begin(isFailed: cell.outputs.contains { if case .error = $0 { true } else { false } })
            var old = SessionCell(id: id, source: "")
            old.outputs = record.blocksOfMasks ?? []
            blocks = old.updated(with: blocks).outputs
        }
        for (index, output) in cell.outputs.enumerated() { note(output, at: index) }
    }
}

extension NotebookOutputImport {
    /// A cell with outputs begins with an `out` that has its return code.
    private mutating func begin(isFailed: Bool) {
        guard !blocks.isEmpty else { return }
        let attributes = OutAttributes(code: isFailed ? 1 : 0)
        var content: [String] = []
        if case .out(_, let block) = blocks[0] {
            content = block.content
            blocks.removeFirst()
        }
        blocks.insert(.out(attributes, FencedBlock(info: attributes.info, content: content)), at: 0)
    }

    private mutating func add(_ output: NotebookOutput) {
        switch output {
        case .stream(let name, let text):
            let lines = text.linesOfText.map(ShownLine.recorded)
            let isError = name == "stderr"
            blocks.append(
                isError
                    ? .err(FencedBlock(info: "err", content: lines))
                    : .out(OutAttributes(), FencedBlock(info: "out", content: lines)))
        case .error(let name, let value, let traceback):
            let code = name.filter { !$0.isWhitespace && $0 != "`" }
            let lines = traceback.isEmpty ? ["error: " + value] : traceback.flatMap(\.withoutEscapes.linesOfText)
            blocks.append(
                .error(code: code, FencedBlock(info: "error \(code)", content: lines.map(ShownLine.recorded))))
        case .display(let data, _, _):
            if let (bytes, type) = NotebookPicture.bytes(in: data) {
                addPicture(bytes, type, alt: data["text/plain"]?.joinedText ?? "")
            } else if let text = data["text/plain"]?.joinedText {
                let lines = text.linesOfText.map(ShownLine.recorded)
                blocks.append(.out(OutAttributes(), FencedBlock(info: "out", content: lines)))
            }
        }
    }

    private mutating func addPicture(_ bytes: [UInt8], _ type: PictureType, alt: String) {
        let path = Paths.join(assets, "\(cellID)-\(pictures.count + 1).\(type.ending)")
        guard let image = try? ImageBuffer(decoding: bytes, name: path) else {
            dropped.append("\(type.rawValue) that cannot be read")
            return
        }
        let reference = PictureReference(image, path: path, alt: alt)
        blocks.append(.picture(reference, line: reference.markdown))
        pictures.append((path, bytes))
    }

    private mutating func keepPictures(of outputs: [NotebookOutput]) {
        var references: [PictureReference] = blocks.compactMap { block in
            if case .picture(let reference, _) = block { return reference }
            return nil
        }
        for case .display(let data, _, _) in outputs where !references.isEmpty {
            let reference = references.removeFirst()
            if let (bytes, _) = NotebookPicture.bytes(in: data) { pictures.append((reference.path, bytes)) }
        }
    }

    /// Notes what a session file would lose of an output.
    private mutating func note(_ output: NotebookOutput, at index: Int) {
        switch output {
        case .stream(_, let text):
            if !text.isEmpty, !text.hasSuffix("\n") { kinds[String(index)] = "open" }
        case .error: break
        case .display(let data, let metadata, let isResult):
            let picture = NotebookPicture.bytes(in: data)
            dropped += data.keys.filter { $0 != "text/plain" && $0 != picture?.type.rawValue }
            if metadata.contains(where: { $0.0 != "palinote" }) { dropped.append("metadata of an output") }
            let isOpen = data["text/plain"]?.joinedText?.hasSuffix("\n") == false
            if isResult {
                kinds[String(index)] = .string(picture == nil && isOpen ? "execute_result open" : "execute_result")
            } else if picture == nil, data["text/plain"] != nil, !blocksHavePicture(at: index) {
                kinds[String(index)] = .string(isOpen ? "display_data open" : "display_data")
            }
        }
    }

    /// Whether an output stands for a picture that was not there when the notebook was made.
    private func blocksHavePicture(at index: Int) -> Bool {
        let shown = blocks.compactMap { ShownOutput($0) }
        return index < shown.count && shown[index].kind == .picture
    }
}

extension NotebookOutput {
    /// The output in the form that it had in a notebook.
    func restored(as form: String?) -> NotebookOutput {
        guard let form else { return self }
        let words = form.split(separator: " ")
        switch self {
        case .stream(let name, var text):
            if words.last == "open", text.hasSuffix("\n") { text.removeLast() }
            guard words.first != "open" else { return .stream(name: name, text: text) }
            var data = JSONObject()
            data["text/plain"] = .lines(of: text)
            return .display(data: data, metadata: JSONObject(), isResult: words.first == "execute_result")
        case .display(let data, let metadata, _):
            return .display(data: data, metadata: metadata, isResult: words.first == "execute_result")
        case .error: return self
        }
    }
}

/// The picture of an output.
enum NotebookPicture {
    /// The bytes and their type; nil when there is no PNG or JPEG.
    static func bytes(in data: JSONObject) -> (bytes: [UInt8], type: PictureType)? {
        for type in [PictureType.png, .jpeg] {
            if let text = data[type.rawValue]?.joinedText, let bytes = Base64.bytes(text),
                let found = PictureType(bytes), found == type
            {
                return (bytes, type)
            }
        }
        return nil
    }
}

/// The lines of a cell's blocks as a notebook keeps them: text, numbers of lines that it shows, and lists of one line
/// that it shows in other words.
private struct RecordedLines {
    let items: [JSON]
    let digest: String?

    init(_ palinote: JSON?) {
        items = palinote?["outputs"]?.array ?? []
        digest = palinote?["shown"]?.string
    }

    /// The blocks, if what they show is what the notebook shows.
    func blocks(for outputs: [NotebookOutput]) -> [OutputBlock]? {
        let actual = outputs.shown
        var texts = actual.flatMap(\.lines)[...]
        guard ShownOutput.digest(of: Array(texts)) == digest else { return nil }
        var lines: [String] = []
        for item in items {
            switch item {
            case .string(let line): lines.append(line)
            case .integer(let count):
                guard count >= 0, count <= texts.count else { return nil }
                lines += texts.prefix(Int(count)).map(ShownLine.recorded)
                texts = texts.dropFirst(Int(count))
            case .array(let line):
                guard let text = line.first?.string, texts.popFirst() != nil else { return nil }
                lines.append(text)
            default: return nil
            }
        }
        guard texts.isEmpty, let blocks = Self.parsed(lines) else { return nil }
        let expected = blocks.compactMap { ShownOutput($0) }.joined
        let agrees = expected.count == actual.count && zip(expected, actual).allSatisfy { $1.agrees(with: $0) }
        return agrees ? blocks : nil
    }

    /// The blocks with only the lines that the notebook shows in other words.
    var blocksOfMasks: [OutputBlock]? {
        Self.parsed(items.compactMap { $0.string ?? $0[0]?.string })
    }

    private static func parsed(_ lines: [String]) -> [OutputBlock]? {
        let text = (["```nb", "```"] + lines).map { $0 + "\n" }.joined()
        guard let file = try? SessionFile(parsing: text, file: ""), file.elements.count == 1 else { return nil }
        return file.cells.first?.outputs
    }
}

/// An output of a notebook, neighbouring pieces of one stream joined.
private struct ActualOutput {
    var kind: ShownOutput.Kind
    var lines: [String]
    var data = JSONObject()
    var metadata = JSONObject()

    func agrees(with recorded: ShownOutput) -> Bool {
        guard kind == recorded.kind, lines.count == recorded.lines.count else { return false }
        return recorded.picture.map { agrees(with: $0) } ?? true
    }

    private func agrees(with picture: PictureReference) -> Bool {
        guard let (bytes, _) = NotebookPicture.bytes(in: data) else {
            return data["text/plain"]?.joinedText == picture.alt
        }
        let note = metadata["palinote"]
        if note?["file"]?.string == picture.path, note?["sha256"]?.string == SHA256.hexDigest(of: bytes) { return true }
        let image = try? ImageBuffer(decoding: bytes, name: picture.path)
        return image?.pixelDigest.hasPrefix(picture.digest.lowercased()) ?? false
    }
}

extension [NotebookOutput] {
    fileprivate var shown: [ActualOutput] {
        reduce(into: []) { result, output in
            switch output {
            case .stream(let name, let text):
                if let last = result.last, last.kind == .stream(name) {
                    result[result.count - 1].lines += text.linesOfText
                } else {
                    result.append(ActualOutput(kind: .stream(name), lines: text.linesOfText))
                }
            case .error(let name, _, let traceback):
                result.append(ActualOutput(kind: .error(name), lines: traceback.flatMap(\.pieces)))
            case .display(let data, let metadata, _):
                if NotebookPicture.bytes(in: data) != nil || metadata["palinote"] != nil || data.keys == ["text/plain"]
                {
                    result.append(ActualOutput(kind: .picture, lines: [], data: data, metadata: metadata))
                }
            }
        }
    }
}

extension String {
    /// The text without the escape sequences that color a terminal.
    var withoutEscapes: String {
        guard utf8.contains(0x1B) else { return self }
        var result = String.UnicodeScalarView()
        var scalars = unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            guard scalar == "\u{1B}" else {
                result.append(scalar)
                continue
            }
            guard scalars.first == "[" else { continue }
            scalars.removeFirst()
            while let next = scalars.popFirst(), !("@"..."~").contains(next) {}
        }
        return String(result)
    }
}
