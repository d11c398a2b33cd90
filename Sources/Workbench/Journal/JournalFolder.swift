import Glibc
import JSON

/// The folder of one session's journal, held by a lock that ends with the process.
///
/// It has `cells.jsonl`, one line before and one after each cell; `checkpoints/`, with the last checkpoint of each training;
/// and `lock`, with the number of the process that holds it. Only the user may read any of it.
final class JournalFolder {
    let path: String
    private let lock: Int32

    private init(path: String, lock: Int32) {
        self.path = path
        self.lock = lock
    }

    deinit { close(lock) }

    /// Where the journals of a user are: `$XDG_STATE_HOME/palinote/journal`, or below `~/.local/state`.
    static func standardPath(_ environment: [String: String], home: String?) -> String? {
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return Paths.join(state, "palinote/journal")
        }
        return home.map { Paths.join($0, ".local/state/palinote/journal") }
    }

    /// Makes a folder that no other process has.
    static func make(under parent: String) throws(FileError) -> JournalFolder {
        try FileAccess.makeFolder(parent, mode: 0o700)
        for number in 1...1000 {
            let path = Paths.join(parent, "session-\(getpid())-\(number)")
            guard mkdir(path, 0o700) == 0 else {
                if errno == EEXIST { continue }
                throw FileAccess.systemError(.makeFolder, path)
            }
            if let folder = claim(path) { return folder }
        }
        throw FileError(operation: .makeFolder, path: parent, reason: "it has too many sessions")
    }

    /// Takes a folder that no living process holds.
    static func claim(_ path: String) -> JournalFolder? {
        let lock = open(Paths.join(path, "lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { return nil }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            return nil
        }
        _ = ftruncate(lock, 0)
        _ = FileAccess.writeAll(Array("\(getpid())\n".utf8), lock)
        return JournalFolder(path: path, lock: lock)
    }

    /// The file with a line for each cell.
    var cellsPath: String { Paths.join(path, "cells.jsonl") }

    /// The folder with the checkpoints of one training.
    func checkpointsPath(of training: String) -> String { Paths.join(path, "checkpoints/\(training)") }

    /// Removes the folder and what is in it.
    func remove() throws(FileError) { try FileAccess.removeFolder(path) }
}

/// A journal whose session did not end by itself.
struct CutSession {
    let folder: JournalFolder
    let header: JournalHeader
    let entries: [JournalEntry]
    /// The bytes of whole lines; a line that was being written when the session was cut is behind them.
    let byteCount: Int

    /// The sessions that were cut, oldest first; each is held from here on. Folders without a cell are removed.
    static func all(under parent: String) -> [CutSession] {
        let names = ((try? FileAccess.names(in: parent)) ?? []).filter { $0.hasPrefix("session-") }
        let sessions = names.compactMap { name -> CutSession? in
            guard let folder = JournalFolder.claim(Paths.join(parent, name)) else { return nil }
            guard let session = read(folder) else {
                try? folder.remove()
                return nil
            }
            return session
        }
        return sessions.sorted { $0.header.date < $1.header.date }
    }

    /// The cell that was running.
    var running: Cell? { entries.last.flatMap { $0.end == nil ? $0.cell : nil } }

    /// One sentence for the offer.
    var summary: String {
        let finished = entries.count { $0.end != nil }
        let rest = running.map { " and cell \($0.id) was running" } ?? ""
        return "a session of \(header.date) UTC was cut: \(finished) cells had ended\(rest)"
    }

    private static func read(_ folder: JournalFolder) -> CutSession? {
        guard let bytes = try? FileAccess.read(folder.cellsPath) else { return nil }
        var header: JournalHeader?
        var entries: [JournalEntry] = []
        var whole = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            guard let json = try? JSON(parsing: String(decoding: line, as: UTF8.self)) else { break }
            if header == nil {
                header = JournalHeader(json)
                if header == nil { return nil }
            } else if !JournalEntry.read(json, into: &entries) {
                break
            }
            whole += line.count + 1
        }
        guard let header, !entries.isEmpty else { return nil }
        return CutSession(folder: folder, header: header, entries: entries, byteCount: whole)
    }
}
