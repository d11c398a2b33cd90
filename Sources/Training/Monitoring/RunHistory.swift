/// What a run did, update by update, with the time it took.
package struct RunHistory: Sendable, Equatable {
    /// One update.
    package struct Update: Sendable, Equatable {
        /// Counts from 1.
        package var step: Int
        package var epoch: Double
        /// Not a number where the update was skipped.
        package var loss: Double
        package var learningRate: Double
        /// Before clipping.
        package var gradientNorm: Double
        /// What went through the model; empty where it is not known.
        package var shapes: [BatchShape]
        /// How long it took; nil where it was not measured.
        package var seconds: Double?
        /// What its loss was multiplied by for the way back; nil where losses are not scaled.
        package var lossScale: Double?

        /// An update.
        package init(
            step: Int, epoch: Double = 0, loss: Double, learningRate: Double, gradientNorm: Double,
            shapes: [BatchShape] = [], seconds: Double? = nil, lossScale: Double? = nil
        ) {
            (self.step, self.epoch, self.loss, self.learningRate) = (step, epoch, loss, learningRate)
            (self.gradientNorm, self.shapes, self.seconds) = (gradientNorm, shapes, seconds)
            self.lossScale = lossScale
        }
    }

    /// What was trained.
    package var model: String
    package var updates: [Update] = []
    package var evaluations: [EvaluationRecord] = []
    /// The time from the first update on, evaluations and checkpoints included.
    package var seconds = 0.0
    /// The updates that the run was to make.
    package var totalSteps = 0
    /// Gradients were scaled down to this norm; zero for not at all.
    package var maxGradNorm = 0.0
    /// What one update costs for its shapes; nil where the model is not known.
    package var cost: StepCost?

    /// The history of a run that begins.
    package init(model: String) { self.model = model }

    /// Takes what the trainer tells.
    ///
    /// - Parameter elapsed: seconds since the event before.
    package mutating func receive(_ event: TrainingEvent, elapsed: Double) {
        seconds += elapsed
        switch event {
        case .updated(let status):
            totalSteps = status.totalSteps
            updates.append(
                Update(
                    step: status.step, epoch: status.epoch, loss: status.update.isSkipped ? .nan : status.update.loss,
                    learningRate: status.update.learningRate, gradientNorm: status.update.gradientNorm,
                    shapes: status.update.shapes, seconds: elapsed, lossScale: status.update.lossScale))
        case .evaluated(let record, _, _): evaluations.append(record)
        case .started, .logged, .evaluating, .saved, .stoppedEarly, .loadedBest, .shrunk: break
        }
    }
}
