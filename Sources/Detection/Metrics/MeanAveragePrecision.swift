/// Mean average precision and recall of a detector, as pycocotools' `COCOeval` computes them for boxes.
///
/// Absent where no target is there to be found: a class without targets has no average precision and counts in no mean.
package struct MeanAveragePrecision: Sendable, Equatable {
    /// Whose definition to follow.
    package enum Compatibility: String, Sendable, CaseIterable {
        /// pycocotools, and supervision from 0.26.1 on.
        case coco
        /// `supervision.metrics.MeanAveragePrecision` of 0.25.1: no precision envelope, images without targets skipped.
        case supervision025 = "supervision-0.25"
    }

    /// How scoring is done.
    package struct Options: Sendable, Equatable {
        /// Predictions with a lower confidence are left out.
        package var confidenceThreshold: Double
        /// Whose definition to follow.
        package var compatibility: Compatibility

        /// Makes options; by default all predictions count, as pycocotools counts them.
        package init(confidenceThreshold: Double = 0, compatibility: Compatibility = .coco) {
            self.confidenceThreshold = confidenceThreshold
            self.compatibility = compatibility
        }
    }

    /// Means over classes for one range of areas.
    package struct Summary: Sendable, Equatable {
        /// The mean over the IoU thresholds 0.50 to 0.95, or nil without targets.
        package let map50To95: Double?
        /// The mean at IoU 0.50, or nil without targets.
        package let map50: Double?
        /// The mean at IoU 0.75, or nil without targets.
        package let map75: Double?
    }

    /// The average precision of one class, over all areas.
    package struct ClassResult: Sendable, Equatable {
        /// The class's place in the list of classes.
        package let classID: Int
        /// The class's name.
        package let name: String
        /// The number of labelled boxes.
        package let targetCount: Int
        /// Average precision at each IoU threshold, or nil without targets.
        package let averagePrecisions: [Double]?

        /// The mean over the IoU thresholds, or nil without targets.
        package var ap50To95: Double? { averagePrecisions.map { $0.reduce(0, +) / Double($0.count) } }
        /// Average precision at IoU 0.50, or nil without targets.
        package var ap50: Double? { averagePrecisions?[0] }
        /// Average precision at IoU 0.75, or nil without targets.
        package var ap75: Double? { averagePrecisions?[5] }
    }

    /// Mean recall over classes and IoU thresholds, each nil without targets.
    package struct Recall: Sendable, Equatable {
        /// With at most 1 detection of a class in an image.
        package let max1: Double?
        /// With at most 10 detections of a class in an image.
        package let max10: Double?
        /// With at most 100 detections of a class in an image.
        package let max100: Double?
        /// Of small targets, with at most 100 detections.
        package let small: Double?
        /// Of medium targets, with at most 100 detections.
        package let medium: Double?
        /// Of large targets, with at most 100 detections.
        package let large: Double?
    }

    /// Over targets of any area.
    package let all: Summary
    /// Over targets of at most 32 x 32 square pixels.
    package let small: Summary
    /// Over targets between 32 x 32 and 96 x 96 square pixels.
    package let medium: Summary
    /// Over targets of at least 96 x 96 square pixels.
    package let large: Summary
    /// Each class of the list, in its order.
    package let classes: [ClassResult]
    /// Mean recall, or nil where the definition followed has none.
    package let recall: Recall?

    /// The ten IoU thresholds, 0.50 to 0.95, to the same bits as `numpy.linspace`.
    package static let iouThresholds: [Double] = linspace(0.5, 0.95, count: 10)

    /// Scores predictions against targets.
    ///
    /// Ties in confidence keep the order of images and rows, on every machine.
    /// - Parameters:
    ///   - images: predictions beside targets, in the order of the data set.
    ///   - classes: the names of the classes; class ids are places in it.
    ///   - options: confidence threshold, and whose definition to follow.
    /// - Throws: `MetricError` for a class outside the list, a number that is not finite, or a threshold outside 0…1.
    package static func evaluate(
        _ images: [ScoredImage], classes: [String], options: Options = Options()
    ) throws(MetricError) -> MeanAveragePrecision {
        let threshold = options.confidenceThreshold
        guard (0...1).contains(threshold) else {
            throw .threshold(name: "conf_threshold", value: threshold)
        }
        let checked = try CheckedImage.check(images, classCount: classes.count) { $0 >= threshold }
        return switch options.compatibility {
        case .coco: COCOEvaluation(images: checked, classes: classes).result()
        case .supervision025: SupervisionEvaluation(images: checked, classes: classes).result()
        }
    }

    /// Evenly spaced numbers with numpy's rounding: `start + i * step`, the last one exactly `end`.
    static func linspace(_ start: Double, _ end: Double, count: Int) -> [Double] {
        let step = (end - start) / Double(count - 1)
        return (0..<count).map { $0 == count - 1 ? end : Double($0) * step + start }
    }
}

extension Sequence<Double> {
    /// The mean, or nil of no numbers.
    var mean: Double? {
        var (sum, count) = (0.0, 0)
        for value in self {
            sum += value
            count += 1
        }
        return count == 0 ? nil : sum / Double(count)
    }
}

extension Array {
    /// The places of the elements by falling key, equal keys in their order.
    func indicesByFalling(_ key: (Element) -> Double) -> [Int] {
        indices.sorted { left, right in
            let (leftKey, rightKey) = (key(self[left]), key(self[right]))
            return leftKey == rightKey ? left < right : leftKey > rightKey
        }
    }
}
