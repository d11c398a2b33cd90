import Console

/// Runs a session file's cells again and compares what they say with what is recorded.
struct Replayer {
    /// A cell that differs.
    struct Divergence {
        let id: String
        /// The cell's place, counted from 1.
        let number: Int
        let differences: [CellDifference]
        let tolerance: NumberTolerance
    }

    /// What came of a replay.
    struct Report {
        let isStrict: Bool
        var cellCount = 0
        var skippedCount = 0
        var divergences: [Divergence] = []
        var wasInterrupted = false
        /// Seconds of processor time taken and allowed, where a strict replay took more than it may.
        var overBudget: (work: Double, budget: Double)?
        /// The session file as it would be recorded now, where it differs.
        var updated: SessionFile

        /// Holds the processor time against the budget; on another device a tolerant replay may take what it needs.
        mutating func note(work: Double, budget: Double?) {
            guard isStrict, !wasInterrupted, let budget, work > budget else { return }
            overBudget = (work, budget)
        }
    }

    let opened: OpenedSession
    let session: Session
    let isStrict: Bool
    /// Hears of each cell before it is run.
    var progress: (_ completed: Int, _ total: Int) -> Void = { _, _ in }

    /// Replays every cell; the session's pictures go to its asset folder.
    func run() -> Report {
        session.tracksState = true
        var walk = ReplayWalk(self)
        for (index, entry) in opened.cells.enumerated() {
            progress(index, opened.cells.count)
            guard walk.replay(entry.cell, id: entry.id, at: index) else { break }
        }
        return walk.report
    }
}

/// A replay under way.
private struct ReplayWalk {
    private let opened: OpenedSession
    private let session: Session
    private let comparison: CellComparison
    private let outputs: RecordedOutputs
    private var recorded = RecordedState()
    private var state: StateDigest?
    private(set) var report: Replayer.Report

    init(_ replayer: Replayer) {
        let assets = replayer.session.surroundings.assets.path
        opened = replayer.opened
        session = replayer.session
        comparison = CellComparison(
            isStrict: replayer.isStrict, tolerance: replayer.opened.file.header.tolerance,
            recordedFolder: replayer.opened.folder, foundPath: { Paths.join(assets, Paths.name(of: $0)) })
        outputs = RecordedOutputs(session.surroundings)
        report = Replayer.Report(isStrict: replayer.isStrict, updated: replayer.opened.file)
    }

    /// Runs a cell and compares; returns whether the replay goes on.
    mutating func replay(_ cell: SessionCell, id: String, at index: Int) -> Bool {
        guard !opened.isSkipped(cell, environment: session.surroundings.environment) else {
            report.skippedCount += 1
            return true
        }
        let before = state ?? session.stateDigest
        let (result, ranOutOfTime) = execute(cell, id: id)
        let end = cell.recordedEnd
        if result.status == .interrupted, end?.code != result.code, !ranOutOfTime {
            report.wasInterrupted = true
            return false
        }
        report.cellCount += 1
        recorded.apply(end?.parts ?? [])
        defer { state = result.state }
        if ranOutOfTime, let limit = cell.attributes.timeout {
            note([.timeout(limit: limit, duration: result.duration)], of: cell, id: id, at: index)
            return true
        }
        let blocks = outputs.blocks(result, stateBefore: state)
        let differences = comparison.differences(cell, blocks, result) {
            result.state.flatMap { found in
                recorded.firstDifference(
                    in: found, changedThen: end?.parts ?? [], changedNow: StateSummary.parts(of: found, since: before))
            }
        }
        if !differences.isEmpty {
            note(differences, of: cell, id: id, at: index)
            report.updated.replaceCell(index, with: cell.updated(with: blocks))
        }
        return true
    }

    private mutating func note(_ differences: [CellDifference], of cell: SessionCell, id: String, at index: Int) {
        report.divergences.append(
            Replayer.Divergence(
                id: id, number: index + 1, differences: differences, tolerance: comparison.tolerance(of: cell)))
    }

    /// Runs a cell; one with a timeout is asked to stop when that is over.
    /// - Returns: what it did, and whether it was stopped for its timeout.
    private func execute(_ cell: SessionCell, id: String) -> (result: CellResult, ranOutOfTime: Bool) {
        let deadline = cell.attributes.timeout.map { Deadline(seconds: $0, interrupt: session.interrupt) }
        let result = session.execute(Cell(id: id, source: cell.sourceText))
        let isOver = deadline?.end() ?? false
        // Whoever pressed Ctrl-C as well wants more than an end of this cell.
        return (result, isOver && result.status == .interrupted && session.interrupt.requestCount == 1)
    }
}

extension SessionFile {
    /// Puts another cell in the place of the cell of that number, counted from 0.
    mutating func replaceCell(_ number: Int, with cell: SessionCell) {
        var seen = -1
        for (index, element) in elements.enumerated() {
            guard case .cell = element else { continue }
            seen += 1
            if seen == number {
                elements[index] = .cell(cell)
                return
            }
        }
    }
}
