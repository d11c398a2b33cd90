import Console

/// What became of a notebook's cells.
struct ImportSummary {
    /// Cells that can be run.
    var cells = 0
    /// Cells of Markdown.
    var texts = 0
    /// Programs in other languages, kept as text.
    var foreign = 0
    /// Of these, the ones with a word on Palinote's equivalent.
    var equivalents = 0
    /// Pictures kept.
    var pictures = 0
    /// Cells whose outputs were not recorded by Palinote; they have no state.
    var rebuilt = 0
    /// What has no place in a session, with how often it came.
    private(set) var leftOut: [String: Int] = [:]

    /// Counts things that have no place.
    mutating func leftOut(_ names: [String]) {
        for name in names { leftOut(name) }
    }

    /// Counts something that has no place.
    mutating func leftOut(_ name: String, count: Int = 1) { leftOut[name, default: 0] += count }

    /// The summary as a person reads it.
    var outputs: [Output] {
        var fields = Fields([("cells", "\(cells)"), ("texts", "\(texts)")])
        if foreign > 0 {
            fields.add(
                "programs", "\(foreign) in another language, kept as text, \(equivalents) with their equivalent here")
        }
        fields.add("pictures", "\(pictures)")
        if rebuilt > 0 {
            fields.add("outputs", "\(rebuilt) cells without a recorded state: record them to replay strictly")
        }
        guard !leftOut.isEmpty else { return [.fields(fields)] }
        var table = Table("left out", "times")
        for (name, count) in leftOut.sorted(by: { $0.key < $1.key }) { table.add([Text(name), "\(count)"]) }
        return [.fields(fields), .table(table)]
    }
}
