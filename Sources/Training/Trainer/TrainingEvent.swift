/// What a training run tells whoever watches it.
package enum TrainingEvent: Sendable {
    /// Before the first update.
    case started(TrainingBanner)
    /// After each update.
    case updated(TrainingStatus)
    /// Every `logging_steps` updates.
    case logged(LogEntry)
    /// While the model is evaluated: how much is done.
    case evaluating(completed: Int, total: Int)
    /// The model was evaluated.
    case evaluated(EvaluationRecord, isBest: Bool, pictures: [EvaluatedPicture])
    /// The run ends before its last update: so many evaluations were not better.
    case stoppedEarly(step: Int, evaluations: Int)
    /// The weights of the best evaluation were taken back.
    case loadedBest(step: Int, folder: String)
    /// Memory is short, and the run goes on by a smaller plan.
    case shrunk(PlanChange)
    /// A checkpoint was written.
    case saved(folder: String, removed: [String])
}

/// The figures that stand above a run.
package struct TrainingBanner: Sendable, Equatable {
    package var exampleCount: Int
    package var epochs: Double
    package var batchSize: Int
    package var accumulation: Int
    /// Examples in one update.
    package var totalBatchSize: Int
    package var totalSteps: Int
    package var trainableCount: Int
    package var parameterCount: Int
    /// The update that a resumed run starts at.
    package var firstStep: Int
    /// The first row of the first micro-batch.
    package var firstRow: TrainingRowPreview
}

/// Where a run stands.
package struct TrainingStatus: Sendable, Equatable {
    /// Updates made, skipped ones included.
    package var step: Int
    package var totalSteps: Int
    /// How many times the examples were seen.
    package var epoch: Double
    /// Examples seen since the run, or its resumption, began.
    package var exampleCount: Int
    package var update: UpdateResult
}

/// One line of a run's log.
package struct LogEntry: Sendable, Equatable, Codable {
    /// Updates made.
    package var step: Int
    /// How many times the examples were seen.
    package var epoch: Double
    /// The mean loss since the entry before; not a number where every update since was skipped.
    package var loss: Double
    /// The rate of the last update (period: of the next).
    package var learningRate: Double
    /// The norm of the last update's gradients, before clipping.
    package var gradientNorm: Double
    /// What the last update's loss was multiplied by; nil where losses are not scaled.
    package var lossScale: Double?
    /// Updates that the run has skipped because of that; nil where losses are not scaled.
    package var skippedUpdates: Int?

    enum CodingKeys: String, CodingKey {
        case step, epoch, loss
        case learningRate = "learning_rate"
        case gradientNorm = "grad_norm"
        case lossScale = "loss_scale"
        case skippedUpdates = "skipped_updates"
    }
}

/// How a run ended.
package struct TrainingOutcome: Sendable, Equatable {
    /// Updates made, skipped ones included.
    package var step: Int
    package var totalSteps: Int
    /// The mean loss over all updates of this run; not a number where there was none.
    package var meanLoss: Double
    /// Updates left out because loss or gradients were not finite.
    package var skippedSteps: Int
    package var log: [LogEntry]
    package var evaluations: [EvaluationRecord] = []
    /// Whether it ended because evaluations became no better.
    package var isStoppedEarly = false
    /// Whether it was stopped before its end.
    package var isInterrupted: Bool
}
