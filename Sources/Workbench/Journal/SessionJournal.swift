import Glibc

/// Writes down what a session does, so that it can be brought back after the process was killed or the power went.
///
/// Each line is on disk before the next thing happens: a cell's source before it runs, its end after it.
package final class SessionJournal {
    /// What trainings do with checkpoints that they find.
    enum Mode {
        /// Nothing is there yet.
        case new
        /// The cell was cut: trainings go on at their last checkpoint.
        case goingOn
        /// The cell had ended: trainings are as their last checkpoint says, and make no update.
        case ended
    }

    private let folder: JournalFolder
    private let lines: Int32
    private var trainings: [String: Int] = [:]
    /// What trainings of the running cell do with checkpoints.
    var mode = Mode.new

    /// Whether the cell that runs ended before the cut, so that nothing new is written down.
    var isSilent = false

    /// Whether the cell that runs was journalled before.
    var isRestoring: Bool { mode != .new }

    /// Begins the journal of a session.
    static func begin(under parent: String, of session: Session) throws(FileError) -> SessionJournal {
        let journal = try SessionJournal(JournalFolder.make(under: parent), keeping: 0)
        let settings = Dictionary(uniqueKeysWithValues: session.settings.values.map { ($0.name, $0.value) })
        try journal.write(
            JournalHeader(
                version: Program.version, date: session.surroundings.date(), folder: session.surroundings.folder,
                settings: settings
            ).line)
        return journal
    }

    /// Goes on with the journal of a session that was cut.
    init(_ folder: JournalFolder, keeping byteCount: Int) throws(FileError) {
        self.folder = folder
        let path = folder.cellsPath
        lines = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard lines >= 0, ftruncate(lines, off_t(byteCount)) == 0, lseek(lines, 0, SEEK_END) >= 0 else {
            throw FileAccess.systemError(.write, path)
        }
        FileAccess.syncFolder(folder.path)
    }

    deinit { close(lines) }

    /// Notes that a cell begins.
    func begin(_ cell: Cell, isRedacted: Bool) throws(FileError) {
        trainings = [:]
        guard !isRestoring else { return }
        try write(JournalEntry(cell: cell, isRedacted: isRedacted).beginLine)
    }

    /// Notes how a cell ended.
    func end(_ cell: String, _ end: JournalEntry.End) throws(FileError) {
        guard !isSilent else { return }
        try write(JournalEntry.endLine(cell, end))
    }

    /// Takes back that a cell began.
    func drop(_ cell: String) throws(FileError) { try write(JournalEntry.dropLine(cell)) }

    /// The folder for the checkpoints of the next training of a cell.
    func nextTrainingFolder(of cell: String) -> String {
        trainings[cell, default: 0] += 1
        return folder.checkpointsPath(of: "\(cell)-\(trainings[cell, default: 0])")
    }

    /// Removes the journal: the session ended by itself.
    func remove() throws(FileError) { try folder.remove() }

    private func write(_ line: String) throws(FileError) {
        if let code = FileAccess.writeAll(Array(line.utf8), lines) ?? (fdatasync(lines) == 0 ? nil : errno) {
            throw FileError(operation: .write, path: folder.cellsPath, reason: FileAccess.reason(code))
        }
    }
}
