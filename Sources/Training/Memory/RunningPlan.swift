/// How a run goes through the examples of an update at present: how many at once, and what is kept of them.
///
/// It begins as the arguments say. Where memory is short it becomes smaller; the examples of an update, and what they add up
/// to, stay.
package struct RunningPlan: Sendable, Equatable, Codable {
    /// Examples in a micro-batch, at most.
    package var batchSize: Int
    /// Examples in a batch of an evaluation, at most.
    package var evalBatchSize: Int
    /// Whether layers are computed again on the way back.
    package var gradientCheckpointing: Bool
    /// Whether features of pictures are kept from epoch to epoch.
    package var keepsFeatures = true

    enum CodingKeys: String, CodingKey {
        case batchSize = "per_device_train_batch_size"
        case evalBatchSize = "per_device_eval_batch_size"
        case gradientCheckpointing = "gradient_checkpointing"
        case keepsFeatures = "keeps_features"
    }

    /// What the arguments ask for.
    package init(_ arguments: TrainingArguments) {
        batchSize = arguments.perDeviceTrainBatchSize
        evalBatchSize = arguments.perDeviceEvalBatchSize
        gradientCheckpointing = arguments.gradientCheckpointing
    }

    /// Micro-batches in an update of a run with these arguments.
    package func accumulation(_ arguments: TrainingArguments) -> Int {
        arguments.gradientAccumulationSteps * ((arguments.perDeviceTrainBatchSize + batchSize - 1) / batchSize)
    }

    /// The next smaller plan: half the batch, layers computed again; last of all features are made anew each time.
    ///
    /// Under compat the batch stays: there the gradient is a sum of the micro-batches' means, which would change.
    /// - Returns: nil where nothing is left to save.
    package func smaller(_ arguments: TrainingArguments) -> RunningPlan? {
        var plan = self
        if batchSize > 1, arguments.compatibility == .newest { plan.batchSize = (batchSize + 1) / 2 }
        plan.gradientCheckpointing = true
        if plan == self { plan.keepsFeatures = false }
        return plan == self ? nil : plan
    }

    /// The next smaller plan for evaluations; nil where they take one example at a time.
    package var smallerForEvaluation: RunningPlan? {
        guard evalBatchSize > 1 else { return nil }
        var plan = self
        plan.evalBatchSize = (evalBatchSize + 1) / 2
        return plan
    }
}

/// A change of a run's plan because memory is short.
package struct PlanChange: Sendable, Equatable {
    /// Why a plan changed.
    package enum Reason: Sendable, Equatable {
        /// More of some memory was in use than the threshold allows.
        case threshold(MemoryUse, share: Double)
        /// The device refused memory.
        case outOfMemory(what: String, byteCount: Int)
    }

    package var reason: Reason
    /// Updates made before; the update after these goes by the new plan.
    package var step: Int
    /// Whether an evaluation was the cause.
    package var isEvaluation: Bool
    package var before: RunningPlan
    package var after: RunningPlan
    /// Micro-batches in an update from now on.
    package var accumulation: Int
}
