import Detection
import Tensors

/// A labelled set of pictures in splits.
package struct DetectionDataset: Sendable, Equatable {
    /// The name of the folder it came from.
    package let name: String
    /// The folder that holds the pictures and their labels, as an absolute path.
    package let folder: String
    /// The names of the classes; class ids of all examples are places in this list.
    package let classes: [String]
    /// The examples of each split that exists, in the order of the file.
    package let splits: [DatasetSplit: [DetectionExample]]
    /// Rows that were left out because they are wrong; empty unless leaving out was asked for.
    package let rejectedRows: [DatasetError]

    /// Puts a data set together.
    package init(
        name: String, folder: String, classes: [String], splits: [DatasetSplit: [DetectionExample]],
        rejectedRows: [DatasetError] = []
    ) {
        self.name = name
        self.folder = folder
        self.classes = classes
        self.splits = splits
        self.rejectedRows = rejectedRows
    }

    /// The examples of a split; none where the split does not exist.
    package func examples(_ split: DatasetSplit) -> [DetectionExample] {
        splits[split] ?? []
    }

    /// The order in which an epoch visits `count` examples: the same on every machine for the same seed and epoch.
    package static func visitingOrder(count: Int, seed: UInt64, epoch: Int) -> [Int] {
        var stream = RandomStream(seed: seed, purpose: "epoch order", step: UInt64(max(epoch, 0)))
        return stream.shuffled(Array(0..<count))
    }
}

/// A part of a data set.
package enum DatasetSplit: String, Sendable, CaseIterable {
    /// What a model learns from.
    case train
    /// What is looked at while it learns.
    case valid
    /// What it is judged by.
    case test
}
