import JSON

/// A comment in a session file's prose that keeps what Markdown has no place for: `<!-- cell a1b2 {"as":"raw"} -->`.
///
/// It stands in front of the text or cell that was this cell of a notebook. Only a line that would be written just so is
/// a marker; any other comment is prose.
struct NotebookMarker: Equatable {
    /// The notebook cell's id; empty for the marker of the notebook itself.
    var id: String
    /// What else there is to keep.
    var details = JSONObject()

    /// Makes the marker of a cell.
    init(id: String, details: JSONObject = JSONObject()) {
        self.id = id
        self.details = details
    }

    /// Reads a line; nil when it is no marker of a cell.
    init?(cell line: String) {
        guard let words = Self.words(of: line, after: "<!-- cell ") else { return nil }
        let halves = words.split(separator: " ", maxSplits: 1).map(String.init)
        guard let id = halves.first, CellAttributes.isID(id) else { return nil }
        self.init(id: id)
        if halves.count == 2 {
            guard let details = Self.details(halves[1]) else { return nil }
            self.details = details
        }
        guard self.line == line else { return nil }
    }

    /// Reads a line; nil when it is no marker of a notebook.
    init?(notebook line: String) {
        guard let words = Self.words(of: line, after: "<!-- notebook "), let details = Self.details(words) else {
            return nil
        }
        self.init(id: "", details: details)
        guard self.line == line else { return nil }
    }

    /// The line.
    var line: String {
        // Two hyphens would end the comment.
        let text = JSON.object(details).text(JSONStyle(spaces: false, sortsKeys: true)).replacing(
            "--", with: "-\\u002d")
        let words = [id.isEmpty ? "notebook" : "cell " + id] + (details.isEmpty ? [] : [text])
        return "<!-- \(words.joined(separator: " ")) -->"
    }

    private static func words(of line: String, after prefix: String) -> String? {
        guard line.hasPrefix(prefix), line.hasSuffix(" -->"), line.count > prefix.count + 4 else { return nil }
        return String(line.dropFirst(prefix.count).dropLast(4))
    }

    private static func details(_ text: String) -> JSONObject? {
        guard let object = try? JSON(parsing: text).object, !object.isEmpty else { return nil }
        return object
    }
}
