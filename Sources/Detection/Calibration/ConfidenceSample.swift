/// A box's confidence, and whether the box was right.
package struct ConfidenceSample: Sendable, Equatable {
    /// 0 to 1.
    package let confidence: Double
    /// Whether it lies on a target of its class that no more confident box has taken.
    package let isCorrect: Bool
    /// The place of its class.
    package let classID: Int

    /// States a sample.
    package init(confidence: Double, isCorrect: Bool, classID: Int = 0) {
        (self.confidence, self.isCorrect, self.classID) = (confidence, isCorrect, classID)
    }

    /// The boxes of all images, in their order.
    ///
    /// - Parameter iouThreshold: how much a right box overlaps its target at least.
    /// - Throws: `MetricError` for a class outside the list, or a number that is not finite.
    package static func all(
        _ images: [ScoredImage], classes: [String], iouThreshold: Double = 0.5
    ) throws(MetricError) -> [ConfidenceSample] {
        try CheckedImage.check(images, classCount: classes.count) { _ in true }.flatMap { image in
            let matching = GreedyMatching(image, iouThreshold: iouThreshold)
            return image.predictions.enumerated().map { place, box in
                ConfidenceSample(
                    confidence: box.confidence, isCorrect: matching.target(of: place) != nil, classID: box.classID)
            }
        }
    }
}
