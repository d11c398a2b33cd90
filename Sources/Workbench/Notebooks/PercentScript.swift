import JSON

/// A session as a Python script in the percent format: cells begin with `# %%`, and commands are comments, so that any
/// Python reads the file.
struct PercentScript {
    /// The script.
    private(set) var text: String
    /// How many cells have outputs, which a script has no place for.
    private(set) var outputCount = 0

    /// Writes a session's cells and texts.
    init(_ source: ConversionSource) {
        var lines = ["# ---", "# title: \(source.title)"]
        for line in source.file.header.lines ?? [] {
            let text = line.trimmed
            if !text.isEmpty, !text.hasPrefix("title:"), !text.hasPrefix("#") { lines += Self.commented([text]) }
        }
        lines += [
            "# ---", "#", "# Commands of Palinote as comments; outputs and pictures are not in this file.",
        ]
        for piece in SessionPieces(source.file).pieces {
            switch piece.content {
            case .text(let text): lines += ["", "# %% [markdown]"] + Self.commented(text)
            case .cell(let cell):
                lines += ["", Self.heading(cell.attributes)] + Self.commented(cell.sourceText.sourceLines)
                if cell.outputs.contains(where: { ShownOutput($0) != nil }) { outputCount += 1 }
            }
        }
        text = lines.map { $0 + "\n" }.joined()
    }

    /// `# %% id="train" tags=["long"]`.
    private static func heading(_ attributes: CellAttributes) -> String {
        var words = ["# %%"]
        if let id = attributes.id { words.append("id=\(JSON.string(id).text())") }
        if !attributes.tags.isEmpty {
            words.append("tags=\(JSON.strings(attributes.tags).text(JSONStyle(spaces: true)))")
        }
        return words.joined(separator: " ")
    }

    /// Comments; a carriage return inside of a line would end the comment for Python.
    private static func commented(_ lines: [String]) -> [String] {
        lines.flatMap { $0.withoutCarriageReturn.split(separator: "\r", omittingEmptySubsequences: false) }
            .map { $0.isEmpty ? "#" : "# \($0)" }
    }
}
