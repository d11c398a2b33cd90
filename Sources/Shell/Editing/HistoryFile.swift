import JSON
import Workbench

/// What was typed at earlier prompts: a private file of JSON lines, one input a line, none twice.
struct HistoryFile {
    /// The file keeps so many inputs; when it has twice as many lines, it is written anew.
    static let limit = 2000

    private let path: String
    private(set) var entries: [String] = []
    private var lineCount = 0

    /// Reads a history; a file that is not there is an empty one, and lines that cannot be read are passed over.
    init(path: String) {
        self.path = path
        guard let text = try? FileAccess.readText(path) else { return }
        for line in text.split(separator: "\n") {
            lineCount += 1
            if let entry = (try? JSON(parsing: String(line)))?["input"]?.string { keep(entry) }
        }
    }

    /// Where the history of a user is: `$XDG_STATE_HOME/palinote/history.jsonl`, or below `~/.local/state`.
    static func standardPath(_ environment: [String: String], home: String?) -> String? {
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return Paths.join(state, "palinote/history.jsonl")
        }
        return home.map { Paths.join($0, ".local/state/palinote/history.jsonl") }
    }

    /// Adds an input and writes it; one that begins with a blank is not kept.
    mutating func add(_ input: String) throws(FileError) {
        guard !input.hasPrefix(" "), !input.allSatisfy(\.isWhitespace), entries.last != input else { return }
        keep(input)
        try FileAccess.makeFolder(Paths.folder(of: path), mode: 0o700)
        if lineCount >= 2 * Self.limit {
            try FileAccess.write(Array(entries.map(Self.line).joined().utf8), to: path, mode: 0o600)
            lineCount = entries.count
        } else {
            try FileAccess.append(Array(Self.line(input).utf8), to: path, mode: 0o600)
            lineCount += 1
        }
    }

    private mutating func keep(_ input: String) {
        if let earlier = entries.lastIndex(of: input) { entries.remove(at: earlier) }
        entries.append(input)
        if entries.count > Self.limit { entries.removeFirst() }
    }

    private static func line(_ input: String) -> String { (["input": .string(input)] as JSON).text() + "\n" }
}
