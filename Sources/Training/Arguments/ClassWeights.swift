import Datasets
import Detection
import JSON

/// What the tokens of each class count in the loss.
///
/// Every token of an object, its locations, its name and the separator behind it, counts as much as its class. What belongs
/// to no object, such as the end, counts 1. The loss is then the weighted mean over the labels, as torch's cross-entropy with
/// weights.
package struct ClassWeights: Sendable, Equatable {
    /// By name; a class that is not there counts 1.
    package let values: [String: Double]

    /// Weights by name, each a number above zero.
    package init?(_ values: [String: Double]) {
        guard values.values.allSatisfy({ $0.isFinite && $0 > 0 && $0 <= 1e4 }) else { return nil }
        self.values = values
    }

    /// Weights under which all classes count the same together: boxes of all classes, over classes, over boxes of the class.
    ///
    /// - Source: `compute_class_weight("balanced")` of scikit-learn.
    package init(balancing examples: [DetectionExample], classes: [String]) {
        let counts = DatasetStatistics(examples, classes: classes).classes.filter { $0.boxCount > 0 }
        let total = Double(counts.reduce(0) { $0 + $1.boxCount })
        values = Dictionary(
            counts.map { ($0.name, total / (Double(counts.count) * Double($0.boxCount))) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Reads a JSON object of class names and numbers.
    ///
    /// - Throws: `TrainingError.argument` for anything else, or a weight that is not above zero.
    package init(parsing bytes: [UInt8], name: String) throws(TrainingError) {
        let value: JSON
        do { value = try JSON(parsing: bytes, name: name) } catch {
            throw .argument(name: "class-weights", reason: "\(error)")
        }
        guard let object = value.object, object.values.allSatisfy({ $0.double != nil }) else {
            throw .argument(name: "class-weights", reason: "\(name) is no object of class names and numbers")
        }
        let numbers = Dictionary(
            zip(object.keys, object.values.compactMap(\.double)), uniquingKeysWith: { first, _ in first })
        guard let weights = ClassWeights(numbers) else {
            throw .argument(name: "class-weights", reason: "\(name) has a weight outside 0 to 10000")
        }
        self = weights
    }

    /// The weight of each token of an answer.
    ///
    /// - Parameters:
    ///   - ids: the answer's tokens, its end included where it has one.
    ///   - locations: the ids that are locations.
    ///   - endID: the id that ends an answer.
    package func weights(of suffix: String, ids: [Int32], locations: Range<Int32>, endID: Int32) -> [Float] {
        let names = LocationText.parse(suffix, imageWidth: 1024, imageHeight: 1024).detections.classNames
        var starts: [Int] = []
        for place in ids.indices
        where locations.contains(ids[place]) && (place == 0 || !locations.contains(ids[place - 1])) {
            starts.append(place)
        }
        var weights = [Float](repeating: 1, count: ids.count)
        // Where text and tokens do not tell the same objects, nothing is weighed.
        guard starts.count == names.count else { return weights }
        let end = ids.last == endID ? ids.count - 1 : ids.count
        for (number, start) in starts.enumerated() {
            let next = number + 1 < starts.count ? starts[number + 1] : end
            for place in start..<next { weights[place] = Float(values[names[number]] ?? 1) }
        }
        return weights
    }
}
