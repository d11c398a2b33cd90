import JSON

/// The first line of a journal: how the session began.
struct JournalHeader: Equatable {
    /// The release that wrote it.
    var version: String
    /// When the session began, in UTC.
    var date: String
    /// The folder that commands start from.
    var folder: String
    /// Settings by name, in words.
    var settings: [String: String]
}

/// What a journal knows of one cell.
struct JournalEntry: Equatable {
    /// How a cell ended.
    struct End: Equatable {
        var status: CellStatus
        var isRolledBack: Bool
        /// Whether it changed the session, so that it must run again to bring the session back.
        var isChange: Bool
        /// What it read.
        var reads: [String]
        /// Seconds it took.
        var duration: Double
        /// The state's digest after it; nil where it is long to make.
        var state: String?
    }

    var cell: Cell
    /// Whether a secret was taken out of the source: such a cell cannot run again.
    var isRedacted: Bool
    /// How it ended; nil if it was running when the session was cut.
    var end: End?
}

extension JournalHeader {
    var line: String {
        var pairs = JSONObject()
        for name in settings.keys.sorted() { pairs[name] = .string(settings[name] ?? "") }
        let json: JSON = [
            "journal": 1, "version": .string(version), "date": .string(date), "folder": .string(folder),
            "settings": .object(pairs),
        ]
        return json.text() + "\n"
    }

    init?(_ json: JSON) {
        guard json["journal"]?.integer == 1, let version = json["version"]?.string, let date = json["date"]?.string,
            let folder = json["folder"]?.string, let pairs = json["settings"]?.object
        else { return nil }
        self.init(version: version, date: date, folder: folder, settings: [:])
        for name in pairs.keys { settings[name] = json["settings"]?[name]?.string }
    }
}

extension JournalEntry {
    /// The line before the cell runs.
    var beginLine: String {
        let json: JSON = ["begin": .string(cell.id), "source": .string(cell.source), "redacted": .bool(isRedacted)]
        return json.text() + "\n"
    }

    /// The line after it has run.
    static func endLine(_ cell: String, _ end: End) -> String {
        let json: JSON = [
            "end": .string(cell), "status": .string(end.status.rawValue), "rolled_back": .bool(end.isRolledBack),
            "change": .bool(end.isChange), "reads": .array(end.reads.sorted().map { .string($0) }),
            "seconds": .number(end.duration), "state": end.state.map { .string($0) } ?? .null,
        ]
        return json.text() + "\n"
    }

    /// The line that takes back the beginning of a cell.
    static func dropLine(_ cell: String) -> String { (["drop": .string(cell)] as JSON).text() + "\n" }

    /// Adds what a line says; false for a line that says nothing this release knows.
    static func read(_ json: JSON, into entries: inout [JournalEntry]) -> Bool {
        if let id = json["begin"]?.string, let source = json["source"]?.string, let redacted = json["redacted"]?.bool {
            entries.append(JournalEntry(cell: Cell(id: id, source: source), isRedacted: redacted))
            return true
        }
        if let id = json["drop"]?.string, entries.last?.cell.id == id {
            entries.removeLast()
            return true
        }
        guard let id = json["end"]?.string, entries.last?.cell.id == id,
            let status = json["status"]?.string.flatMap(CellStatus.init), let change = json["change"]?.bool
        else { return false }
        entries[entries.count - 1].end = End(
            status: status, isRolledBack: json["rolled_back"]?.bool ?? false, isChange: change,
            reads: json["reads"]?.array?.compactMap(\.string) ?? [], duration: json["seconds"]?.double ?? 0,
            state: json["state"]?.string)
        return true
    }
}
