import Datasets
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
    func batch(
        _ places: [Int], of examples: [DetectionExample], epoch: Int, step: Int? = nil
    ) throws(TrainingError) -> TrainingBatch {
        let paths = places.map { examples[$0].imagePath }
        let pictures: TrainingBatch.Pictures =
            model.hasFixedImageFeatures
            ? .features(try loader.features(of: paths, model))
            : .pixels(try loader.pixels(of: paths, on: model.backend))
        return TrainingBatch(tokens: try tokens(places, of: examples, epoch: epoch, step: step), pictures: pictures)
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
                return try processor.batch(prefixes: rows.map(\.prefix), suffixes: rows.map(\.suffix))
            }
            let orders = places.map { place in
                BoxOrders(seed: arguments.seed, step: step, example: place)
                    .orders(of: examples[place].suffix, count: arguments.packedOrders)
            }
            return try processor.packedBatch(prefixes: rows.map(\.prefix), suffixes: orders)
        }
    }

    /// How many tokens an example has.
    func length(of example: DetectionExample) -> Int {
        processor.promptIDs(example.prefix).count + processor.suffixIDs(example.suffix).count
    }
}
