/// How often each labelled class was predicted as each class, with a row and a column for the background.
///
/// Rows are labelled classes, columns predicted ones; the last row holds predictions without a target (false positives),
/// the last column targets without a prediction (false negatives).
package struct ConfusionMatrix: Sendable, Equatable {
    /// Whose way of pairing boxes to follow.
    package enum Compatibility: String, Sendable, CaseIterable {
        /// supervision 0.31: pairs of one class first, then by overlap; confidence at or above the threshold.
        case newest
        /// supervision 0.25.1: by overlap alone; confidence above the threshold.
        case supervision025 = "supervision-0.25"
    }

    /// How boxes are paired.
    package struct Options: Sendable, Equatable {
        /// Predictions with a lower confidence are left out.
        package var confidenceThreshold: Double
        /// Pairs must overlap by more than this IoU.
        package var iouThreshold: Double
        /// Whose way to follow.
        package var compatibility: Compatibility

        /// Makes options; the thresholds are supervision's own.
        package init(
            confidenceThreshold: Double = 0.3, iouThreshold: Double = 0.5, compatibility: Compatibility = .newest
        ) {
            self.confidenceThreshold = confidenceThreshold
            self.iouThreshold = iouThreshold
            self.compatibility = compatibility
        }
    }

    /// The names of the classes, without the background.
    package let classes: [String]
    /// Counts, `[labelled class][predicted class]`, the background last.
    package let counts: [[Int]]
    /// How boxes were paired.
    package let options: Options

    /// The place of the background's row and column.
    package var background: Int { classes.count }

    /// Counts pairs over all images.
    /// - Parameters:
    ///   - images: predictions beside targets.
    ///   - classes: the names of the classes; class ids are places in it.
    ///   - options: thresholds, and whose way of pairing to follow.
    /// - Throws: `MetricError` for a class outside the list, a number that is not finite, or a threshold outside 0…1.
    package static func evaluate(
        _ images: [ScoredImage], classes: [String], options: Options = Options()
    ) throws(MetricError) -> ConfusionMatrix {
        guard (0...1).contains(options.confidenceThreshold) else {
            throw .threshold(name: "conf_threshold", value: options.confidenceThreshold)
        }
        guard (0...1).contains(options.iouThreshold) else {
            throw .threshold(name: "iou_threshold", value: options.iouThreshold)
        }
        let checked = try CheckedImage.check(images, classCount: classes.count) { confidence in
            switch options.compatibility {
            case .newest: confidence >= options.confidenceThreshold
            case .supervision025: confidence > options.confidenceThreshold
            }
        }
        var counts = [[Int]](repeating: [Int](repeating: 0, count: classes.count + 1), count: classes.count + 1)
        for image in checked {
            count(image, options: options, into: &counts)
        }
        return ConfusionMatrix(classes: classes, counts: counts, options: options)
    }

    private static func count(_ image: CheckedImage, options: Options, into counts: inout [[Int]]) {
        let background = counts.count - 1
        let pairs = BoxPairing(image: image, iouThreshold: options.iouThreshold).pairs(options.compatibility)
        for (target, box) in image.targets.enumerated() {
            let partner = pairs[target].map { image.predictions[$0].classID }
            counts[box.classID][partner ?? background] += 1
        }
        let paired = Set(pairs.values)
        for (prediction, box) in image.predictions.enumerated() where !paired.contains(prediction) {
            counts[background][box.classID] += 1
        }
    }
}
