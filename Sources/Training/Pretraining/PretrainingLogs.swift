/// The logs that a pretraining is asked for: TensorBoard's events, `log.jsonl`, `log.csv`.
package final class PretrainingLogs {
    private let events: EventFile?
    private let lines: AppendedFile?
    private let table: AppendedFile?
    private let wallTime: () -> Double
    private let start: Double

    private static let columns = [
        "step", "samples", "loss", "text_loss", "location_loss", "auxiliary_loss", "text_accuracy", "location_error",
        "glyph_accuracy", "symbol_accuracy", "learning_rate", "grad_norm", "seconds",
    ]

    /// Opens the logs of a run; what they say of steps after the first is from a run that was cut, and goes.
    ///
    /// - Parameter wallTime: seconds since 1970.
    package init(
        _ arguments: PretrainingArguments, firstStep: Int, wallTime: @escaping () -> Double
    ) throws(TrainingError) {
        self.wallTime = wallTime
        start = wallTime()
        let (folder, kinds) = (arguments.logFolder ?? ".", Set(arguments.reportTo))
        events =
            kinds.contains(.tensorboard)
            ? try EventFile(folder: folder, firstStep: firstStep == 0 ? 0 : firstStep + 1, wallTime: wallTime) : nil
        lines = kinds.contains(.jsonl) ? try LogFiles.openLines(folder, firstStep: firstStep) : nil
        table =
            kinds.contains(.csv)
            ? try LogFiles.openTable(folder, firstStep: firstStep, columns: Self.columns) : nil
    }

    /// The files that are written.
    package var paths: [String] { [events?.path, lines?.path, table?.path].compactMap { $0 } }

    /// Writes a line.
    package func write(_ entry: PretrainingLogEntry) throws(TrainingError) {
        let seconds = wallTime() - start
        try lines?.append(LogFiles.line(step: entry.step, entry.values, seconds: seconds))
        try table?.append(
            LogFiles.row(step: entry.step, entry.values, seconds: seconds, columns: Self.columns))
        try events?.add(step: entry.step, entry.values.map { EventFile.scalar("pretrain/\($0.name)", $0.value) })
    }
}
