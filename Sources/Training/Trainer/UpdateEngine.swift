import Models
import Tensors

/// What one update did.
package struct UpdateResult: Sendable, Equatable {
    /// The mean loss over the labels of the group (period: the mean of the micro-batches' means, over the accumulation).
    package var loss: Double
    /// The rate of this update.
    package var learningRate: Double
    /// The norm of the gradients before clipping.
    package var gradientNorm: Double
    /// How many labels were learned from.
    package var labelCount: Int
    /// The shapes that the update went through.
    package var shapes: [BatchShape] = []
    /// What losses were multiplied by for the way back; nil where they were not.
    package var lossScale: Double?
    /// Whether the weights were left alone because loss or gradients were not finite.
    package var isSkipped: Bool
}

/// Makes one update after another of a model's trained weights.
package final class UpdateEngine {
    package let model: PaliGemma
    package let arguments: TrainingArguments
    package let schedule: LearningRateSchedule
    package let optimizer: WeightOptimizer
    /// Scales losses, where the model computes in float16.
    package internal(set) var scaler: LossScaler?

    /// How examples go through the model at present.
    package var plan: RunningPlan
    /// Is called where an update holds most: after each forward.
    var afterForward: (() -> Void)?
    /// How many updates were asked for, skipped ones included.
    package internal(set) var step = 0
    /// The rate of the last update.
    private var lastRate = 0.0

    /// Starts with the model as it is.
    ///
    /// - Throws: `TrainingError.nothingToTrain` if every weight is frozen.
    package init(_ model: PaliGemma, _ arguments: TrainingArguments, totalSteps: Int) throws(TrainingError) {
        try arguments.check()
        try arguments.check(model.elementType)
        let trainable = model.parameters.trainable
        guard !trainable.isEmpty else {
            throw .nothingToTrain(reason: "every weight is frozen; `model freeze` less, or `model adapt`")
        }
        self.model = model
        self.arguments = arguments
        plan = RunningPlan(arguments)
        scaler = LossScaler(for: model)
        schedule = LearningRateSchedule(arguments, totalSteps: totalSteps)
        optimizer = try trainingErrors { () throws(TensorError) in try WeightOptimizer(trainable, arguments) }
    }

    /// The rate that a log line after the last update states: that update's (period: the next one's).
    package var loggedRate: Double { arguments.compatibility == .period ? nextRate : lastRate }

    /// The rate of the next update. The schedule stands still where the scaler has an update skipped, as transformers has it.
    private var nextRate: Double { schedule.rate(at: step - (scaler?.skippedUpdates ?? 0)) }

    /// One update from the micro-batches of a group.
    package func update(_ group: [TrainingBatch]) throws(TrainingError) -> UpdateResult {
        let result: UpdateResult
        do throws(TensorError) {
            result = try makeUpdate(group)
        } catch {
            optimizer.skip()
            throw .model(.tensor(error))
        }
        try scaler?.note(isFinite: !result.isSkipped)
        return result
    }

    private func makeUpdate(_ group: [TrainingBatch]) throws(TensorError) -> UpdateResult {
        let labelCount = group.reduce(0) { $0 + $1.labelCount }
        let labelWeight = group.reduce(0) { $0 + $1.labelWeight }
        var losses: [Tensor] = []
        for (place, batch) in group.enumerated() {
            if let some = try accumulate(batch, place: place, groupWeight: labelWeight) { losses.append(some) }
        }
        let lossScale = scaler?.scale ?? 1
        let norm = try optimizer.gradientNorm() / lossScale
        // Read only now, so that the device is not waited for between micro-batches.
        var loss = 0.0
        for some in losses { loss += try share(of: some) }
        lastRate = nextRate
        let isFinite = loss.isFinite && norm.isFinite
        if isFinite {
            try optimizer.update(learningRate: lastRate, gradientNorm: norm, lossScale: lossScale)
        } else {
            optimizer.skip()
        }
        step += 1
        return UpdateResult(
            loss: loss, learningRate: lastRate, gradientNorm: norm, labelCount: labelCount,
            shapes: group.map(\.shape), lossScale: scaler?.scale, isSkipped: !isFinite)
    }

    /// Adds the gradients of one micro-batch; returns the losses of its labels, or nil if it has none.
    private func accumulate(
        _ batch: TrainingBatch, place: Int, groupWeight: Double
    ) throws(TensorError) -> Tensor? {
        guard batch.labelCount > 0 else { return nil }
        let tape = Tape()
        var pass = Pass(tape: tape)
        model.options.gradientCheckpointing = plan.gradientCheckpointing
        let microStep = UInt64(step) * UInt64(plan.accumulation(arguments)) + UInt64(place)
        pass.dropout = (seed: arguments.seed, step: microStep)
        let features = try batch.features(model, pass)
        let isPeriod = arguments.compatibility == .period
        let lossScale = Float(scaler?.scale ?? 1)
        let losses = try model.losses(
            batch.tokens, features: features, weight: lossScale / Float(isPeriod ? batch.labelWeight : groupWeight),
            smoothing: Float(arguments.labelSmoothingFactor), pass)
        afterForward?()
        try tape.backward(fromLosses: losses)
        return losses.detached
    }

    /// What a micro-batch adds to the loss of an update.
    private func share(of losses: Tensor) throws(TensorError) -> Double {
        let sum = try losses.floats().reduce(0) { $0 + Double($1) } / (scaler?.scale ?? 1)
        return arguments.compatibility == .period ? sum / Double(arguments.gradientAccumulationSteps) : sum
    }
}
