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
        /// The session file as it would be recorded now, where it differs.
        var updated: SessionFile
    }

    let opened: OpenedSession
    let session: Session
    let isStrict: Bool
    /// Hears of each cell before it is run.
    var progress: (_ completed: Int, _ total: Int) -> Void = { _, _ in }

    /// Replays every cell; the session's pictures go to its asset folder.
    func run() -> Report {
        session.tracksState = true
        var report = Report(isStrict: isStrict, updated: opened.file)
        let comparison = CellComparison(
            isStrict: isStrict, tolerance: opened.file.header.tolerance, recordedFolder: opened.folder,
            foundPath: { Paths.join(session.surroundings.assets.path, Paths.name(of: $0)) })
        let outputs = RecordedOutputs(session.surroundings)
        var state: StateDigest? = session.stateDigest
        for (index, entry) in opened.cells.enumerated() {
            progress(index, opened.cells.count)
            guard !opened.isSkipped(entry.cell, environment: session.surroundings.environment) else {
                report.skippedCount += 1
                continue
            }
            let result = session.execute(Cell(id: entry.id, source: entry.cell.sourceText))
            if result.status == .interrupted, entry.cell.recordedEnd?.code != result.code {
                report.wasInterrupted = true
                return report
            }
            report.cellCount += 1
            let blocks = outputs.blocks(result, stateBefore: state)
            state = result.state
            let differences = comparison.differences(entry.cell, blocks, result)
            guard !differences.isEmpty else { continue }
            report.divergences.append(
                Divergence(
                    id: entry.id, number: index + 1, differences: differences,
                    tolerance: comparison.tolerance(of: entry.cell)))
            report.updated.replaceCell(index, with: entry.cell.updated(with: blocks))
        }
        return report
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
