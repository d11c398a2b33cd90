import Datasets
import Detection
import Models
import Tensors

/// Puts examples together to micro-batches, for training and for evaluation.
struct BatchMaker {
    let model: PaliGemma
    let processor: PaliGemmaProcessor
    let loader: PictureLoader
    let arguments: TrainingArguments

    /// The micro-batch of some places of a split.
    ///
    /// - Parameters:
    ///   - epoch: what the noise of the noise-box recipe depends on, besides the place.
    ///   - step: what the orders of packed boxes depend on, besides the place; nil leaves boxes in their own order.
    ///   - isWeighed: whether classes count as the arguments say.
    func batch(
        _ places: [Int], of examples: [DetectionExample], epoch: Int, step: Int? = nil, isWeighed: Bool = true
    ) throws(TrainingError) -> TrainingBatch {
        let paths = places.map { examples[$0].imagePath }
        let pictures: TrainingBatch.Pictures =
            model.hasFixedImageFeatures
            ? .features(try loader.features(of: paths, model))
            : .pixels(try loader.pixels(of: paths, on: model.backend))
        var tokens = try tokens(places, of: examples, epoch: epoch, step: step)
        if !isWeighed { tokens.labelWeights = nil }
        return TrainingBatch(tokens: tokens, pictures: pictures)
    }

    /// The token rows of some places of a split.
    func tokens(
        _ places: [Int], of examples: [DetectionExample], epoch: Int, step: Int? = nil
    ) throws(TrainingError) -> TokenBatch {
        let rows = places.map { examples[$0] }
        return try modelErrors { () throws(ModelError) in
            if let recipe = arguments.noiseBoxes {
                return try NoiseBoxBatches(recipe: recipe, processor: processor, seed: arguments.seed)
                    .batch(Array(zip(places, rows)), epoch: epoch)
            }
            guard let step, arguments.packedOrders > 1 else {
                return weighed(
                    try processor.batch(prefixes: rows.map(\.prefix), suffixes: rows.map(\.suffix)), rows)
            }
            let orders = places.map { place in
                BoxOrders(seed: arguments.seed, step: step, example: place)
                    .orders(of: examples[place].suffix, count: arguments.packedOrders)
            }
            return try processor.packedBatch(prefixes: rows.map(\.prefix), suffixes: orders)
        }
    }

    /// The rows with the weights of their classes, where the arguments give some; answers stand at the ends of rows.
    private func weighed(_ tokens: TokenBatch, _ rows: [DetectionExample]) -> TokenBatch {
        guard let classWeights = arguments.classWeights, let base = processor.tokenizer.locationBase else {
            return tokens
        }
        var (tokens, weights) = (tokens, [Float](repeating: 1, count: tokens.ids.count))
        for (row, example) in rows.enumerated() {
            let own = classWeights.weights(
                of: example.suffix, ids: processor.suffixIDs(example.suffix),
                locations: base..<base + Int32(LocationText.locationCount), endID: processor.specialIDs.end)
            let end = (row + 1) * tokens.length
            weights.replaceSubrange(end - own.count..<end, with: own)
        }
        tokens.labelWeights = weights
        return tokens
    }

    /// How many tokens an example has.
    func length(of example: DetectionExample) -> Int {
        processor.promptIDs(example.prefix).count + processor.suffixIDs(example.suffix).count
    }
}
