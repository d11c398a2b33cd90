import Console
import Datasets

/// The data set that `dataset load` puts in place.
enum DatasetSlot: WorkspaceSlot {
    static let name = "dataset"

    static func summary(of dataset: DetectionDataset) -> Text {
        let counts = DatasetSplit.allCases.filter { !dataset.examples($0).isEmpty }
            .map { "\($0.rawValue) \(dataset.examples($0).count)" }
        return
            "\(counts.joined(separator: ", ")) images, \(dataset.classes.count) classes from \(.path(dataset.folder))"
    }

    static func stateParts(of dataset: DetectionDataset) -> [StatePart] {
        DatasetSplit.allCases.map { split in
            let rows = dataset.examples(split).map { "\($0.imageName)\t\($0.prefix)\t\($0.suffix)\n" }.joined()
            return StatePart(name: split.rawValue, content: rows.utf8)
        }
    }

    static func names(of family: LiveNames, in dataset: DetectionDataset) -> [String] {
        let splits = DatasetSplit.allCases.filter { !dataset.examples($0).isEmpty }
        switch family {
        case .splits: return splits.map(\.rawValue)
        case .examples: return splits.flatMap { ["\($0)[0]", "\($0)[\(dataset.examples($0).count - 1)]"] }
        case .classLabels: return dataset.classes
        case .prompts:
            return ["detect " + dataset.classes.joined(separator: " ; ")] + dataset.classes.map { "detect " + $0 }
        case .datasets: return [dataset.folder]
        default: return []
        }
    }
}
