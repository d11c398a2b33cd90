import Console
import Training

/// A run of `train`, and how it ended.
struct TrainedRun {
    let trainer: Trainer
    let outcome: TrainingOutcome
}

/// The run that `train` made last.
enum TrainerSlot: WorkspaceSlot {
    static let name = "trainer"

    static func summary(of run: TrainedRun) -> Text {
        let state = run.outcome.isInterrupted ? "interrupted" : "finished"
        return
            "\(run.outcome.step) of \(run.outcome.totalSteps) updates, mean loss \(run.outcome.meanLoss, .fixed(4)), \(state)"
    }

    static func stateParts(of run: TrainedRun) -> [StatePart] {
        let log = run.outcome.log.map { "\($0)\n" }.joined()
        return [StatePart(name: "log", content: "\(run.outcome.step) \(log)".utf8)]
    }

    static func revision(of run: TrainedRun) -> Int { run.trainer.engine.step }
}
