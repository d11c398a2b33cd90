/// What a model said about one picture, beside what its labels say.
package struct ScoredImage: Sendable, Equatable {
    /// What the model said; confidences that are missing count as 1.
    package let predictions: Detections
    /// What the labels say.
    package let targets: Detections

    /// Puts predictions beside targets.
    package init(predictions: Detections, targets: Detections) {
        self.predictions = predictions
        self.targets = targets
    }
}

/// A box with its class and confidence, checked to be fit for scoring.
struct ScoredBox {
    let box: Box
    let classID: Int
    let confidence: Double
}

/// The boxes of one picture, checked to be fit for scoring.
struct CheckedImage {
    let predictions: [ScoredBox]
    let targets: [ScoredBox]

    /// Checks every picture, in order, and drops predictions that `isKept` refuses.
    static func check(
        _ images: [ScoredImage], classCount: Int, keepingPredictionsWhere isKept: (Double) -> Bool
    ) throws(MetricError) -> [CheckedImage] {
        var checked: [CheckedImage] = []
        for (number, image) in images.enumerated() {
            let predictions = try boxes(of: image.predictions, .prediction, image: number, classCount: classCount)
            let targets = try boxes(of: image.targets, .target, image: number, classCount: classCount)
            checked.append(CheckedImage(predictions: predictions.filter { isKept($0.confidence) }, targets: targets))
        }
        return checked
    }

    private static func boxes(
        of detections: Detections, _ role: MetricError.Role, image: Int, classCount: Int
    ) throws(MetricError) -> [ScoredBox] {
        var boxes: [ScoredBox] = []
        for row in 0..<detections.count {
            let element = detections[row]
            guard let classID = element.classID, (0..<classCount).contains(classID) else {
                throw .unknownClass(
                    role, image: image, row: row, name: element.className, classID: element.classID,
                    classCount: classCount)
            }
            let confidence = element.confidence ?? 1
            guard element.box.isFinite, confidence.isFinite else {
                throw .notFinite(role, image: image, row: row)
            }
            boxes.append(ScoredBox(box: element.box, classID: classID, confidence: confidence))
        }
        return boxes
    }
}
