import Console
import Tensors
import Training

/// A run of `train`, and how it ended.
struct TrainedRun {
    let trainer: Trainer
    let outcome: TrainingOutcome
    /// What it did, update by update, for `monitor`.
    let history: RunHistory
}

/// The run that `train` made last.
enum TrainerSlot: WorkspaceSlot {
    static let name = "trainer"

    static func summary(of run: TrainedRun) -> Text {
        let state = run.outcome.isInterrupted ? "interrupted" : "finished"
        return
            "\(run.outcome.step) of \(run.outcome.totalSteps) updates, mean loss \(run.outcome.meanLoss, .fixed(4)), \(state)"
    }

    /// The log; and the optimizer's moments while the run can go on.
    static func stateParts(of run: TrainedRun) -> [StatePart] {
        let log = run.outcome.log.map { "\($0)\n" }.joined()
        var parts = [StatePart(name: "log", content: "\(run.outcome.step) \(log)".utf8)]
        if run.outcome.isInterrupted, let moments = try? run.trainer.momentBytes() {
            parts.append(StatePart(name: "optimizer", content: moments.flatMap { Array($0.name.utf8) + $0.bytes }))
        }
        return parts
    }

    static func revision(of run: TrainedRun) -> Int { run.trainer.engine.step }

    static func digestedByteCount(of run: TrainedRun) -> Int {
        run.outcome.isInterrupted ? run.trainer.momentByteCount : 0
    }

    static func keep(_ run: TrainedRun) -> (any KeptValue)? { Kept(run.trainer) }

    private final class Kept: KeptValue {
        private let trainer: Trainer
        private let state: RunState

        init(_ trainer: Trainer) {
            self.trainer = trainer
            state = trainer.keepState()
        }

        var storages: [any Storage] { state.storages }

        func restore() { trainer.restore(state) }
    }
}
