import Console
import Datasets
import Detection
import Training

/// What was predicted for a split, beside what is there.
struct EvaluatedSplit {
    let split: DatasetSplit
    let classes: [String]
    let images: [ScoredImage]
    let predictions: [ImagePredictions]
    /// How the confidences were made.
    let scores: ScoreMethod
    /// The scaling that confidences have been through, nil for none.
    let scaling: TemperatureScaling?
    /// Whether thresholds have left out boxes.
    let isFiltered: Bool

    /// Whether boxes have confidences; without boxes they have none.
    var isRanked: Bool {
        let found = images.map(\.predictions).filter { !$0.isEmpty }
        return !found.isEmpty && found.allSatisfy { $0.confidences != nil }
    }

    /// The images with confidences under another scaling, nil for those of the model itself.
    func images(scaledBy other: TemperatureScaling?) -> [ScoredImage] {
        images.map { image in
            ScoredImage(
                predictions: image.predictions.scaled(by: scaling?.inverse).scaled(by: other), targets: image.targets)
        }
    }
}

extension Detections {
    /// The same objects with their confidences scaled.
    func scaled(by scaling: TemperatureScaling?) -> Detections {
        guard let scaling, let confidences else { return self }
        return withConfidences(confidences.map(scaling.applied))
    }
}

/// The predictions that `evaluate` made or read last.
enum PredictionsSlot: WorkspaceSlot {
    static let name = "predictions"

    static func summary(of evaluated: EvaluatedSplit) -> Text {
        let boxes = evaluated.images.reduce(0) { $0 + $1.predictions.count }
        return "\(boxes) boxes in \(evaluated.images.count) images of \(evaluated.split.rawValue)"
    }

    static func stateParts(of evaluated: EvaluatedSplit) -> [StatePart] {
        [StatePart(name: evaluated.split.rawValue, content: ImagePredictions.format(evaluated.predictions).utf8)]
    }
}
