import Models
import Tensors

/// What one update of a pretraining did.
package struct PretrainingUpdate: Sendable, Equatable {
    /// What was minimized: text and weighted labels of patches.
    package var loss: Double
    /// The mean loss of answers' tokens, locations spread.
    package var textLoss: Double
    /// The labels of patches, not weighted.
    package var auxiliaryLoss: Double
    package var learningRate: Double
    /// The norm of the gradients before clipping.
    package var gradientNorm: Double
    /// Whether the weights were left alone because loss or gradients were not finite.
    package var isSkipped: Bool
    /// How well the model did before the update, where that was asked for.
    package var scores: PretrainingScores?
}

/// Makes one update after another of a whole model, from pictures, prompts and labels of patches.
final class PretrainingEngine {
    let model: PaliGemma
    let head: AuxiliaryHead
    let optimizer: WeightOptimizer
    /// The ids that stand for locations.
    let locationIDs: Range<Int>
    private let arguments: PretrainingArguments
    /// Updates asked for so far, skipped ones included.
    var step = 0

    /// Logits of so many labels are made at a time: a few large products suit a GPU better than many small ones.
    private static let chunkRows = 4096

    init(_ model: PaliGemma, locationIDs: Range<Int>, _ arguments: PretrainingArguments) throws(TrainingError) {
        (self.model, self.locationIDs, self.arguments) = (model, locationIDs, arguments)
        head = try trainingErrors { () throws(TensorError) in
            try AuxiliaryHead(
                size: model.configuration.vision.hiddenSize, seed: arguments.seed, model.elementType,
                on: model.backend)
        }
        let parameters = model.parameters.parameters + head.parameters
        optimizer = try trainingErrors { () throws(TensorError) in
            try WeightOptimizer(parameters, arguments.optimizerArguments, decays: Self.decays)
        }
    }

    /// Matrices decay; embeddings, positions, norms and biases do not.
    private static func decays(_ parameter: Parameter) -> Bool {
        parameter.shape.count >= 2 && !parameter.name.contains("embed_tokens")
            && !parameter.name.contains("position_embedding")
    }

    /// One update from the micro-batches of a group.
    func update(
        _ batches: [PretrainingBatch], _ schedule: PretrainingSchedule, wantsScores: Bool
    ) throws(TrainingError) -> PretrainingUpdate {
        do throws(TensorError) {
            return try makeUpdate(batches, schedule, wantsScores: wantsScores)
        } catch {
            optimizer.skip()
            throw .model(.tensor(error))
        }
    }

    private func makeUpdate(
        _ batches: [PretrainingBatch], _ schedule: PretrainingSchedule, wantsScores: Bool
    ) throws(TensorError) -> PretrainingUpdate {
        let auxiliaryWeight = schedule.auxiliaryWeight(at: step)
        let goal = Goal(
            labelCount: batches.reduce(0) { $0 + $1.tokens.predictions.labels.count },
            counts: AuxiliaryHead.Counts(batches), auxiliaryWeight: auxiliaryWeight,
            spread: TargetSpread(columns: locationIDs, deviation: Float(schedule.spread(at: step))))
        var (text, auxiliary): ([Tensor], [Tensor]) = ([], [])
        var scores: PretrainingScores?
        for (place, batch) in batches.enumerated() {
            let trip = try accumulate(batch, goal, wantsScores: wantsScores && place == 0)
            text.append(trip.text)
            auxiliary += trip.auxiliary
            scores = scores ?? trip.scores
        }
        let norm = try optimizer.gradientNorm()
        let (textLoss, weighted) = (try Self.sum(text), try Self.sum(auxiliary))
        let loss = textLoss + weighted
        let rate = schedule.rate(at: step)
        let isFinite = loss.isFinite && norm.isFinite
        if isFinite { try optimizer.update(learningRate: rate, gradientNorm: norm) } else { optimizer.skip() }
        step += 1
        return PretrainingUpdate(
            loss: loss, textLoss: textLoss, auxiliaryLoss: auxiliaryWeight > 0 ? weighted / auxiliaryWeight : 0,
            learningRate: rate, gradientNorm: norm, isSkipped: !isFinite, scores: scores)
    }

    /// What the micro-batches of an update minimize together.
    private struct Goal {
        let labelCount: Int
        let counts: AuxiliaryHead.Counts
        let auxiliaryWeight: Double
        let spread: TargetSpread
    }

    /// One micro-batch's way through the model; losses are read once all work was asked for.
    private struct Trip {
        let text: Tensor
        let auxiliary: [Tensor]
        let scores: PretrainingScores?
    }

    /// Adds the gradients of one micro-batch.
    private func accumulate(
        _ batch: PretrainingBatch, _ goal: Goal, wantsScores: Bool
    ) throws(TensorError) -> Trip {
        let tape = Tape()
        let pass = Pass(tape: tape)
        let states = try model.visionStates(batch.pixelTensor(on: model.backend), pass)
        let patches = try states.reshaped(to: [states.rows, states.columns])
        let features = try batch.features(for: model.features(ofVisionStates: states, pass))
        let (hidden, labels) = try model.labelStates(batch.tokens, features: features, pass)
        let weights = Array(repeating: 1 / Float(goal.labelCount), count: labels.count)
        let text = try model.labelLosses(
            hidden, labels, weights: weights, spread: goal.spread, chunkRows: Self.chunkRows, pass)
        let auxiliary = try head.losses(patches, batch, goal.counts, weight: goal.auxiliaryWeight, tape)
        var scores: PretrainingScores?
        if wantsScores {
            scores = try PretrainingScores(
                model, head, hidden: hidden.detached, labels, patches: patches, batch, locationIDs: locationIDs)
        }
        try tape.backward(fromLosses: [text] + auxiliary)
        return Trip(text: text, auxiliary: auxiliary, scores: scores)
    }

    private static func sum(_ vectors: [Tensor]) throws(TensorError) -> Double {
        var sum = 0.0
        for vector in vectors { for value in try vector.floats() { sum += Double(value) } }
        return sum
    }
}

extension PretrainingBatch {
    /// The pictures as bytes on a device, `[B, side, side, 3]`.
    fileprivate func pixelTensor(on backend: any Backend) throws(TensorError) -> Tensor {
        let tensor = try Tensor(
            uninitialized: [pictureCount, side, side, 3], .uint8, on: backend, label: "pictures")
        var offset = 0
        for group in pixels {
            try group.withUnsafeBufferPointer { buffer throws(TensorError) in
                try backend.write(UnsafeRawBufferPointer(buffer), to: tensor.storage, byteOffset: offset)
            }
            offset += group.count
        }
        return tensor
    }

    /// The features of each row's picture, where pictures have several rows.
    fileprivate func features(for pictures: Tensor) throws(TensorError) -> Tensor {
        guard pictureOfRow.count != pictureCount else { return pictures }
        let each = pictures.rows / pictureCount
        return try pictures.gatheringRows(
            pictureOfRow.flatMap { picture in (0..<each).map { Int32(picture * each + $0) } })
    }
}
