import Console

extension Session {
    /// Ends the journal: the session ended by itself.
    package func endJournal() {
        do {
            try journal?.remove()
        } catch {
            surroundings.receive(.warning("the journal stays behind: \(error.description)"))
        }
        journal = nil
    }

    func noteBeginning(of cell: Cell) {
        write { (journal) throws(FileError) in
            let safe = Cell(id: cell.id, source: secrets.redact(cell.source))
            try journal.begin(safe, isRedacted: safe != cell)
        }
    }

    func noteEnd(of result: CellResult) {
        write { (journal) throws(FileError) in try journal.end(result.cell.id, journalEnd(of: result)) }
    }

    private func journalEnd(of result: CellResult) -> JournalEntry.End {
        let changes = history.points[history.present].changes
        let moves = SessionVerbs.isAny(in: result.cell, of: SessionVerbs.moving)
        return JournalEntry.End(
            status: result.status, isRolledBack: result.isRolledBack,
            isChange: !result.isRolledBack && (moves || !changes.isEmpty), reads: Array(result.effects.reads),
            duration: result.duration, state: quickState)
    }

    /// The state's digest, unless many bytes would have to be read for it.
    private var quickState: String? {
        workspace.digestedByteCount <= Self.journalDigest ? stateDigest.text : nil
    }

    /// Bytes that are digested after a cell, to find out later whether the session came back as it was.
    private static let journalDigest = 64 << 20

    private func write(_ body: (SessionJournal) throws(FileError) -> Void) {
        guard let journal else { return }
        do {
            try body(journal)
        } catch {
            self.journal = nil
            surroundings.receive(
                .warning("the session is not journalled any more, and would be lost in a cut: \(error.description)"))
        }
    }
}

extension Session {
    /// Brings a cut session back: runs again what changed it, each training from its last checkpoint, then the cell that
    /// was running, which goes on where its training was.
    ///
    /// - Parameters:
    ///   - leavesRunning: leaves out the cell that was running.
    ///   - tell: is told what is done.
    /// - Throws: `FileError` where the journal cannot be written; `Failure` where a cell cannot run again.
    func resume(_ cut: CutSession, leavesRunning: Bool, tell: (Text) -> Void) throws {
        let start = surroundings.now()
        let journal = try SessionJournal(cut.folder, keeping: cut.byteCount)
        self.journal = journal
        surroundings.folder = cut.header.folder
        for (name, value) in cut.header.settings where !settings.take(name, value) {
            tell("the setting \(name) = \(value) is not known here and stays as it is")
        }
        if cut.header.version != Program.version {
            tell("the session is one of palinote \(cut.header.version), this is \(Program.version): bits may differ")
        }
        for entry in cut.entries { if let end = entry.end { try bringBack(entry, end, journal, tell) } }
        journal.mode = .new
        if let running = cut.running {
            if leavesRunning {
                try journal.drop(running.id)
                tell("cell \(running.id), which was running, is left out")
            } else {
                tell("cell \(running.id) goes on: \(running.source)")
                journal.mode = .goingOn
                execute(running)
                journal.mode = .new
            }
        }
        let count = cut.entries.count - (leavesRunning && cut.running != nil ? 1 : 0)
        tell("resumed \(count.counting("cell", plural: "cells")) in \(.duration(surroundings.now() - start))")
    }

    /// Runs a cell that had ended once more, quietly, or only lists it where it changed nothing.
    private func bringBack(
        _ entry: JournalEntry, _ end: JournalEntry.End, _ journal: SessionJournal, _ tell: (Text) -> Void
    ) throws {
        guard end.isChange else { return adopt(entry, end) }
        guard !entry.isRedacted else {
            tell("cell \(entry.cell.id) held a secret, which is not journalled, and is left out: \(entry.cell.source)")
            return adopt(entry, end)
        }
        let receive = surroundings.receive
        surroundings.receive = { output in
            if case .failure(let failure) = output, end.status == .ok { receive(.failure(failure)) }
        }
        journal.isSilent = true
        defer {
            surroundings.receive = receive
            journal.isSilent = false
        }
        // A training that failed fails again at the same place; it goes on from its checkpoint until then.
        journal.mode = end.status == .failed ? .goingOn : .ended
        let result = execute(entry.cell)
        if interrupt.isRequested { throw Interrupted() }
        history.setEnd(status: end.status, duration: end.duration)
        if result.status != end.status, end.status == .ok {
            throw Failure(
                code: "CannotResume", message: "cell \(entry.cell.id) failed this time; the journal stays as it is",
                next: "palinote --discard")
        }
        if let state = end.state, let found = result.state?.text ?? quickState, found != state {
            tell(
                "after cell \(entry.cell.id) the state is \(found), and was \(state): a file or the machine has changed"
            )
        }
    }

    /// Lists a cell that changed nothing, as it ended.
    private func adopt(_ entry: JournalEntry, _ end: JournalEntry.End) {
        tracker.refresh(observations)
        history.setPresent(savedState)
        tracker.begin(entry.cell.id)
        for name in end.reads { tracker.noteRead(name) }
        let effects = tracker.end()
        history.add(savedState, after: entry.cell.id)
        history.setResults([
            CellResult(
                cell: entry.cell, status: end.status, outputs: [], state: nil, duration: end.duration,
                effects: effects, isRolledBack: end.isRolledBack)
        ])
    }
}
