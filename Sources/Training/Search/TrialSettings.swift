import Models
import Tensors

/// One configuration of a search: what is trained, how, and on what.
package struct TrialSettings: Sendable, Equatable, Codable {
    /// What is trained.
    package enum Targets: String, Sendable, Codable, CaseIterable {
        /// The language model itself, vision tower and projector frozen.
        case languageModel = "language-model"
        /// An adapter on all linear layers of the language model.
        case language
        /// An adapter on the attention of the language model.
        case attention
        /// An adapter on all layers of peft's usual list, the attention of the vision tower among them.
        case all

        /// Whether an adapter is trained.
        package var isAdapter: Bool { self != .languageModel }
    }

    /// What is varied about the examples.
    package enum Augmentation: String, Sendable, Codable, CaseIterable {
        case none
        /// Boxes of an answer in several shuffled orders.
        case orders
        /// A varied copy of each picture, moved, zoomed and lit differently.
        case pictures
        /// Both.
        case both

        /// Whether copies of pictures are learned from.
        package var usesPictures: Bool { self == .pictures || self == .both }
        /// Whether boxes are shuffled.
        package var usesOrders: Bool { self == .orders || self == .both }
    }

    package var targets: Targets
    package var learningRate: Double
    /// Of the adapter; nil where the language model itself is trained.
    package var rank: Int?
    /// Counted in examples of the split, copies or not.
    package var epochs: Double
    package var batchSize: Int
    package var augmentation: Augmentation

    enum CodingKeys: String, CodingKey {
        case targets, rank, epochs, augmentation
        case learningRate = "learning_rate"
        case batchSize = "batch_size"
    }

    /// A configuration.
    package init(
        targets: Targets, learningRate: Double, rank: Int?, epochs: Double, batchSize: Int, augmentation: Augmentation
    ) {
        (self.targets, self.learningRate, self.rank) = (targets, learningRate, rank)
        (self.epochs, self.batchSize, self.augmentation) = (epochs, batchSize, augmentation)
    }

    /// The walkthrough's: the language model, 3 epochs at 3e-4, batches of 2.
    package static let walkthrough = TrialSettings(
        targets: .languageModel, learningRate: 3e-4, rank: nil, epochs: 3, batchSize: 2, augmentation: .none)
}

/// What a search chooses from.
package struct SearchSpace: Sendable, Equatable, Codable {
    package var targets: [TrialSettings.Targets] = [.languageModel, .language, .attention]
    /// Bounds of the learning rate, drawn on a logarithmic scale: where the language model is trained, and for adapters.
    package var modelRates: [Double] = [2e-4, 8e-4]
    package var adapterRates: [Double] = [1.5e-3, 6e-3]
    package var ranks: [Int] = [8, 16, 32]
    package var epochs: [Double] = [3, 4, 5]
    package var batchSizes: [Int] = [2, 4, 8]
    package var augmentations = TrialSettings.Augmentation.allCases

    /// Settings around those of the walkthrough.
    package init() {}

    /// The configuration of a number, from 1; the first is the walkthrough's, the others depend on seed and number alone.
    package func settings(number: Int, seed: UInt64) -> TrialSettings {
        guard number > 1 else { return walkthrough }
        var stream = RandomStream(seed: seed, purpose: "trial", step: UInt64(number))
        func choose<Value>(_ values: [Value], _ stream: inout RandomStream) -> Value {
            values[stream.integer(below: values.count)]
        }
        let targets = choose(targets, &stream)
        let bounds = targets.isAdapter ? adapterRates : modelRates
        let rate = Self.between(bounds[0], bounds[1], share: stream.uniform())
        return TrialSettings(
            targets: targets, learningRate: rate, rank: targets.isAdapter ? choose(ranks, &stream) : nil,
            epochs: choose(epochs, &stream), batchSize: choose(batchSizes, &stream),
            augmentation: choose(augmentations, &stream))
    }

    /// The walkthrough's settings, or the nearest to them that may be chosen: an adapter where the language model may not be
    /// trained, the first epochs, and no variation where that is a choice.
    private var walkthrough: TrialSettings {
        var settings = TrialSettings.walkthrough
        if !targets.contains(.languageModel), let target = targets.first {
            (settings.targets, settings.rank, settings.learningRate) = (target, ranks.first, 3e-3)
        }
        settings.epochs = epochs.first ?? settings.epochs
        if !augmentations.contains(settings.augmentation) { settings.augmentation = augmentations.first ?? .none }
        return settings
    }

    /// A number between two on a logarithmic scale, in 16 steps of equal ratio, with three digits: the same on every machine.
    static func between(_ low: Double, _ high: Double, share: Double) -> Double {
        // Four square roots make the sixteenth root, from products alone.
        var root = high / low
        for _ in 0..<4 { root = root.squareRoot() }
        var rate = low
        for _ in 0..<Int(share * 16 + 0.5) { rate *= root }
        return Double(StrategyAdvice.text(rate)) ?? rate
    }

    /// Whether there is something to choose from everywhere.
    package var isComplete: Bool {
        !targets.isEmpty && !ranks.isEmpty && !epochs.isEmpty && !batchSizes.isEmpty && !augmentations.isEmpty
    }
}
