import Datasets
import Detection
import Models
import Tensors

/// Makes the token rows of the noise-box recipe: real boxes in a new order, then noise up to the number of boxes.
///
/// Half of the noise are real boxes moved and stretched by up to half their size, half are boxes anywhere. The locations
/// of noise are no labels: where nothing is, there is nothing to learn of it but the class.
struct NoiseBoxBatches {
    let recipe: NoiseBoxRecipe
    let processor: PaliGemmaProcessor
    let seed: UInt64

    /// A box in locations (y min, x min, y max, x max), with its class.
    private typealias Object = (locations: [Int], name: String)

    /// The rows of some examples in one epoch, padded on the left.
    ///
    /// - Parameter rows: each example with its place in the split; orders and noise depend on place and epoch alone.
    func batch(_ rows: [(place: Int, example: DetectionExample)], epoch: Int) throws(ModelError) -> TokenBatch {
        let prompt = processor.promptIDs(NoiseBoxRecipe.prompt)
        let suffixes = rows.map { suffix(of: $0.example, place: $0.place, epoch: epoch) }
        let length = prompt.count + (suffixes.map(\.ids.count).max() ?? 0)
        var (ids, attends, types, labels) = ([Int32](), [Bool](), [Int32](), [Int32]())
        for suffix in suffixes {
            let padding = length - prompt.count - suffix.ids.count
            let unlearned = Array(repeating: TokenBatch.ignoredLabel, count: padding + prompt.count)
            ids += Array(repeating: processor.specialIDs.padding, count: padding) + prompt + suffix.ids
            attends += (0..<length).map { $0 >= padding }
            types += (0..<length).map { $0 < padding + prompt.count ? 0 : 1 }
            labels += unlearned + suffix.labels
        }
        return try TokenBatch(
            count: rows.count, length: length, ids: ids, attends: attends, types: types, labels: labels)
    }

    /// The ids of one answer, and what of them is learned.
    func suffix(of example: DetectionExample, place: Int, epoch: Int) -> (ids: [Int32], labels: [Int32]) {
        var stream = RandomStream(
            seed: seed, purpose: "noise boxes",
            step: UInt64(max(epoch, 0)) << 32 | UInt64(UInt32(truncatingIfNeeded: place)))
        // In a picture of 1,024 pixels a box's edges are its locations.
        let real = LocationText.parse(example.suffix, imageWidth: 1024, imageHeight: 1024).detections
        let objects = stream.shuffled(zip(real.boxes, real.classNames).map(Self.object))
        let kept = Array(objects.prefix(recipe.objectCount))
        let noise = (kept.count..<max(recipe.objectCount, kept.count)).map { number in
            Object(Self.noise(&stream, near: number % 2 == 0 ? kept.map(\.locations) : []), NoiseBoxRecipe.noiseName)
        }
        let all = kept + noise
        let text = all.map { object in
            object.locations.map { "<loc\(LocationText.padded($0))>" }.joined() + " " + object.name
        }.joined(separator: " ; ")
        let ids = processor.suffixIDs(text)
        guard let base = processor.tokenizer.locationBase else { return (ids, ids) }
        let locations = base..<base + Int32(LocationText.locationCount)
        var seen = 0
        let labels = ids.map { id -> Int32 in
            guard locations.contains(id) else { return id }
            seen += 1
            return seen <= 4 * kept.count ? id : TokenBatch.ignoredLabel
        }
        return (ids, labels)
    }

    private static func object(_ box: Box, _ name: String) -> Object {
        ([box.yMin, box.xMin, box.yMax, box.xMax].map { Int($0) }, name)
    }

    /// A box near one of some, or anywhere if there are none.
    private static func noise(_ stream: inout RandomStream, near boxes: [[Int]]) -> [Int] {
        let last = Double(LocationText.locationCount - 1)
        var (low, high): ([Double], [Double])
        if boxes.isEmpty {
            low = (0..<2).map { _ in stream.uniform(0..<last) }
            high = low.map { _ in stream.uniform(0..<last) }
        } else {
            let box = boxes[stream.integer(below: boxes.count)].map(Double.init)
            let sides = [box[2] - box[0], box[3] - box[1]]
            low = (0..<2).map { box[$0] + stream.uniform(-0.5..<0.5) * sides[$0] }
            high = (0..<2).map { box[$0 + 2] + stream.uniform(-0.5..<0.5) * sides[$0] }
        }
        for axis in 0..<2 where low[axis] > high[axis] { (low[axis], high[axis]) = (high[axis], low[axis]) }
        return (low + high).map { Int(min(max($0, 0), last).rounded()) }
    }
}
