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

    /// A batch whose pictures are on the device.
    struct LoadedBatch {
        fileprivate let batch: PretrainingBatch
        /// The pictures as bytes, `[B, side, side, 3]`.
        fileprivate let pixels: Tensor
    }

    /// Copies the pictures of a batch to the device.
    func load(_ batch: PretrainingBatch) throws(TrainingError) -> LoadedBatch {
        try trainingErrors { () throws(TensorError) in
            LoadedBatch(batch: batch, pixels: try batch.pixelTensor(on: model.backend))
        }
    }

    /// One update from the micro-batches of a group.
    ///
    /// - Parameter meanwhile: what the host does once the device has all its work, before it waits for results.
    func update(
        _ batches: [LoadedBatch], _ schedule: PretrainingSchedule, wantsScores: Bool,
        meanwhile: () throws(TrainingError) -> Void = {}
    ) throws(TrainingError) -> PretrainingUpdate {
        do throws(TrainingError) {
            let trips = try trainingErrors { () throws(TensorError) in
                try accumulate(batches, schedule, wantsScores: wantsScores)
            }
            try meanwhile()
            return try trainingErrors { () throws(TensorError) in try finish(trips, schedule) }
        } catch {
            optimizer.skip()
            throw error
        }
    }

    /// Adds the gradients of all micro-batches.
    private func accumulate(
        _ loaded: [LoadedBatch], _ schedule: PretrainingSchedule, wantsScores: Bool
    ) throws(TensorError) -> [Trip] {
        let batches = loaded.map(\.batch)
        let auxiliaryWeight = schedule.auxiliaryWeight(at: step)
        let goal = Goal(
            labelCount: batches.reduce(0) { $0 + $1.tokens.predictions.labels.count },
            counts: AuxiliaryHead.Counts(batches), auxiliaryWeight: auxiliaryWeight,
            spread: TargetSpread(columns: locationIDs, deviation: Float(schedule.spread(at: step))))
        return try loaded.enumerated().map { (place, batch) throws(TensorError) in
            try accumulate(batch, goal, wantsScores: wantsScores && place == 0)
        }
    }

    /// Updates the weights by the gradients that are there.
    private func finish(_ trips: [Trip], _ schedule: PretrainingSchedule) throws(TensorError) -> PretrainingUpdate {
        let auxiliaryWeight = schedule.auxiliaryWeight(at: step)
        let norm = try optimizer.gradientNorm()
        let (textLoss, weighted) = (try Self.sum(trips.map(\.text)), try Self.sum(trips.flatMap(\.auxiliary)))
        let loss = textLoss + weighted
        let rate = schedule.rate(at: step)
        let isFinite = loss.isFinite && norm.isFinite
        if isFinite { try optimizer.update(learningRate: rate, gradientNorm: norm) } else { optimizer.skip() }
        step += 1
        return PretrainingUpdate(
            loss: loss, textLoss: textLoss, auxiliaryLoss: auxiliaryWeight > 0 ? weighted / auxiliaryWeight : 0,
            learningRate: rate, gradientNorm: norm, isSkipped: !isFinite,
            scores: trips.lazy.compactMap(\.scores).first)
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
        _ loaded: LoadedBatch, _ goal: Goal, wantsScores: Bool
    ) throws(TensorError) -> Trip {
        let batch = loaded.batch
        let tape = Tape()
        let pass = Pass(tape: tape)
        let states = try model.visionStates(loaded.pixels, pass)
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
