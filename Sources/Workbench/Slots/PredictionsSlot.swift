import Console
import Datasets
import Detection

/// What was predicted for a split, beside what is there.
struct EvaluatedSplit {
    let split: DatasetSplit
    let classes: [String]
    let images: [ScoredImage]
    let predictions: [ImagePredictions]
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
