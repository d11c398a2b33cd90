import Glibc
import JSON
import Workbench

/// What was typed at earlier prompts: a private file of JSON lines, one input a line, none twice.
struct HistoryFile {
    /// The file keeps so many inputs.
    static let limit = 2000

    private let path: String
    private(set) var entries: [String] = []

    /// Reads a history; a file that is not there is an empty one, and lines that cannot be read are passed over.
    init(path: String) {
        self.path = path
        read()
    }

    /// Where the history of a user is: `$XDG_STATE_HOME/palinote/history.jsonl`, or below `~/.local/state`.
    static func standardPath(_ environment: [String: String], home: String?) -> String? {
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return Paths.join(state, "palinote/history.jsonl")
        }
        return home.map { Paths.join($0, ".local/state/palinote/history.jsonl") }
    }

    /// Whether an input holds `secret set NAME VALUE`, wherever it stands in it.
    static func setsSecret(_ input: String) -> Bool {
        let words = input.split(whereSeparator: \.isWhitespace)
        return words.indices.dropLast(3).contains { index in
            words[index].hasSuffix("secret") && words[index + 1] == "set" && !words[index + 3].hasPrefix("--")
        }
    }

    /// Adds an input and writes it; one that begins with a blank is not kept.
    mutating func add(_ input: String) throws(FileError) {
        guard !input.hasPrefix(" "), !input.allSatisfy(\.isWhitespace), entries.last != input else { return }
        let isRepeated = entries.contains(input)
        if isRepeated || entries.count >= Self.limit {
            // Another shell may have added to the file since it was read.
            read()
            keep(input)
            try write()
        } else {
            keep(input)
            try FileAccess.makeFolder(Paths.folder(of: path), mode: 0o700)
            try FileAccess.append(Array(Self.line(input).utf8), to: path, mode: 0o600)
            makePrivate()
        }
    }

    /// Takes out inputs.
    mutating func remove(where isUnwanted: (String) -> Bool) throws(FileError) {
        read()
        let kept = entries.filter { !isUnwanted($0) }
        guard kept.count < entries.count else { return }
        entries = kept
        try write()
    }
}

extension HistoryFile {
    private mutating func read() {
        guard let text = try? FileAccess.readText(path) else { return }
        entries = []
        for line in text.split(separator: "\n") {
            if let entry = (try? JSON(parsing: String(line)))?["input"]?.string { keep(entry) }
        }
    }

    private mutating func keep(_ input: String) {
        if let earlier = entries.lastIndex(of: input) { entries.remove(at: earlier) }
        entries.append(input)
        if entries.count > Self.limit { entries.removeFirst() }
    }

    private func write() throws(FileError) {
        try FileAccess.makeFolder(Paths.folder(of: path), mode: 0o700)
        try FileAccess.write(Array(entries.map(Self.line).joined().utf8), to: path, mode: 0o600)
    }

    /// A file that was there before may let others read it.
    private func makePrivate() {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & 0o077 != 0 { chmod(path, 0o600) }
    }

    private static func line(_ input: String) -> String { (["input": .string(input)] as JSON).text() + "\n" }
}
