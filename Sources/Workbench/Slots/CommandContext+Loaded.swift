import Console
import Datasets

extension CommandContext {
    /// The loaded model, or a failure that says how to load one.
    func loadedModel() throws -> LoadedModel {
        guard let loaded = workspace[ModelSlot.self] else {
            throw Failure(code: "NothingLoaded", message: "there is no model yet", next: "model load")
        }
        return loaded
    }

    /// The loaded processor, or a failure that says how to load one.
    func loadedProcessor() throws -> LoadedProcessor {
        guard let loaded = workspace[ProcessorSlot.self] else {
            throw Failure(code: "NothingLoaded", message: "there is no processor yet", next: "processor load")
        }
        return loaded
    }

    /// The loaded data set, or a failure that says how to load one.
    func loadedDataset() throws -> DetectionDataset {
        guard let dataset = workspace[DatasetSlot.self] else {
            throw Failure(code: "NothingLoaded", message: "there is no data set yet", next: "dataset load")
        }
        return dataset
    }

    /// The examples of a split, or a failure that says which splits there are.
    func examples(of split: SplitName) throws -> [DetectionExample] {
        let dataset = try loadedDataset()
        let examples = dataset.examples(split.split)
        guard !examples.isEmpty else {
            let there = DatasetSplit.allCases.filter { !dataset.examples($0).isEmpty }.map(\.rawValue)
            throw Failure(
                code: "EmptySplit", message: "the data set has no \(split.rawValue) split", suggestions: there)
        }
        return examples
    }
}

/// The splits, as words of the command line.
enum SplitName: String, Choice {
    case train, valid, test

    /// Those that the data set has.
    static var completion: CompletionKind { .live(.splits) }

    var split: DatasetSplit {
        switch self {
        case .train: .train
        case .valid: .valid
        case .test: .test
        }
    }
}
