import Datasets
import Models
import Tensors

/// Measures the noise of gradients at the weights as they are; it changes none.
package struct GradientProbe {
    private let model: PaliGemma
    private let batches: BatchMaker
    private let examples: [DetectionExample]

    /// A probe over examples.
    ///
    /// - Throws: `TrainingError.nothingToTrain` if every weight is frozen or there are no examples.
    package init(
        _ model: PaliGemma, _ processor: PaliGemmaProcessor, examples: [DetectionExample], loader: PictureLoader,
        _ arguments: TrainingArguments
    ) throws(TrainingError) {
        guard !model.parameters.trainable.isEmpty else {
            throw .nothingToTrain(reason: "every weight is frozen; `model freeze` less, or `model adapt`")
        }
        guard !examples.isEmpty else { throw .nothingToTrain(reason: "the split has no examples") }
        self.model = model
        self.examples = examples
        batches = BatchMaker(model: model, processor: processor, loader: loader, arguments: arguments)
    }

    /// The noise from groups of micro-batches: squared norms of the gradient of each, and of each group's together.
    ///
    /// - Parameters:
    ///   - size: examples of a micro-batch.
    ///   - microBatches: in a group, two or more.
    ///   - observe: is told how many groups of how many are done.
    /// - Returns: nil if it was stopped.
    /// - Throws: `TrainingError.argument` where there are not enough examples for one group.
    package func noise(
        size: Int, microBatches: Int, groups: Int, seed: UInt64, shouldStop: () -> Bool = { false },
        observe: (Int, Int) -> Void = { _, _ in }
    ) throws(TrainingError) -> GradientNoise? {
        let order = DetectionDataset.visitingOrder(count: examples.count, seed: seed, epoch: 0)
        let count = min(groups, order.count / (size * microBatches))
        guard size > 0, microBatches > 1, count > 0 else {
            throw .argument(
                name: "groups", reason: "a group takes \(size * microBatches) examples, the split has \(order.count)")
        }
        if !model.hasFixedImageFeatures { batches.loader.cache.removeAll() }
        var (small, large) = (0.0, 0.0)
        for group in 0..<count {
            if shouldStop() { return nil }
            let first = group * microBatches * size
            let parts = try (0..<microBatches).map { (part) throws(TrainingError) in
                let start = first + part * size
                return try batches.batch(Array(order[start..<start + size]), of: examples, epoch: 0)
            }
            for part in parts { small += try squaredNorm(of: [part]) }
            large += try squaredNorm(of: parts)
            observe(group + 1, count)
        }
        return GradientNoise(
            smallBatch: Double(size), largeBatch: Double(size * microBatches),
            smallSquare: small / Double(count * microBatches), largeSquare: large / Double(count))
    }

    /// The squared norm of the gradient of the mean loss over micro-batches together, without dropout.
    func squaredNorm(of group: [TrainingBatch]) throws(TrainingError) -> Double {
        guard var scaler = LossScaler(for: model) else { return try squaredNorm(of: group, lossScale: 1) }
        while true {
            let square = try squaredNorm(of: group, lossScale: scaler.scale)
            if square.isFinite { return square }
            try scaler.note(isFinite: false)
        }
    }

    /// The same, where the loss is multiplied for the way back.
    private func squaredNorm(of group: [TrainingBatch], lossScale: Double) throws(TrainingError) -> Double {
        defer { for parameter in model.parameters.trainable { parameter.clearGradient(releasing: true) } }
        let weight = group.reduce(0) { $0 + $1.labelWeight }
        return try trainingErrors { () throws(TensorError) in
            for batch in group where batch.labelCount > 0 {
                let tape = Tape()
                let pass = Pass(tape: tape)
                let losses = try model.losses(
                    batch.tokens, features: batch.features(model, pass), weight: Float(lossScale) / Float(weight),
                    pass)
                try tape.backward(fromLosses: losses)
            }
            var sum = 0.0
            for parameter in model.parameters.trainable {
                guard let gradient = parameter.currentGradient else { continue }
                let square = try Tensor(uninitialized: [1], .float32, on: gradient.backend)
                try gradient.backend.sumOfSquares(SumOfSquaresCall(input: gradient, output: square))
                sum += Double(try square.scalar())
            }
            return sum / (lossScale * lossScale)
        }
    }
}
