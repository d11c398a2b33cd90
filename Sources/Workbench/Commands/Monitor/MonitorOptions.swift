import Console
import Models
import Tensors
import Training

/// Which run is looked at.
struct MonitorOptions: OptionGroupContents {
    @Option(
        "a log.jsonl of an earlier run instead of the last one of this session",
        completion: .file(extensions: ["jsonl"]))
    var log: Path?

    /// The report of the run.
    ///
    /// - Parameter measures: whether the device is timed, for the share of it that training uses.
    func report(_ context: CommandContext, measures: Bool) throws -> (report: MonitorReport, peak: MeasuredPeak?) {
        if let log {
            let (history, rejected) = RunHistory.parse(
                try FileAccess.readText(context.resolveInput(log)), name: log.text)
            if rejected > 0 { context.warn("\(rejected) lines of \(log.text) are no lines of a run's log") }
            guard !history.updates.isEmpty else {
                throw Failure(code: "NoHistory", message: "\(log.text) holds no line of a run")
            }
            return (MonitorReport(history), nil)
        }
        guard let run = context.workspace[TrainerSlot.self] else {
            throw Failure(code: "NothingLoaded", message: "nothing was trained yet", next: "train")
        }
        let model = run.trainer.model
        let peak =
            measures ? try MeasuredPeak(on: model.backend, model.elementType, now: context.now) : nil
        return (MonitorReport(run.history, peak: peak?.operationsPerSecond), peak)
    }
}
