/// Markdown that is to stand in a session file.
struct ProseText {
    let lines: [String]

    init(_ lines: [String]) { self.lines = lines }

    /// Whether the text reads as one piece of prose: its fences are closed and none is a cell's, and its last line is not
    /// blank.
    var isReadable: Bool {
        guard let last = lines.last else { return true }
        guard !last.trimmed.isEmpty, let file else { return false }
        return file.elements == [.prose(["text"] + lines)]
    }

    /// Whether no line of the text would be taken for a marker.
    var hasNoMarker: Bool { file.map { SessionPieces($0).pieces.count == 1 } ?? false }

    /// Whether the text can stand without a marker: it does not begin with a blank line.
    var standsAlone: Bool { lines.first.map { !$0.trimmed.isEmpty } ?? false }

    /// Whether the first line would belong to the cell before it.
    var beginsWithPicture: Bool {
        let picture = Result { try PictureReference(markdown: lines.first ?? "") }
        if case .success(nil) = picture { return false }
        return true
    }

    /// Whether the first line would mean something else at the start of a file.
    var beginsLikeFrontMatter: Bool {
        lines.first.map { $0.trimmed == "---" || NotebookMarker(notebook: $0) != nil } ?? false
    }

    private var file: SessionFile? {
        try? SessionFile(parsing: (["text"] + lines).map { $0 + "\n" }.joined(), file: "")
    }
}
