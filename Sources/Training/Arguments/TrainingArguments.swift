import Detection
import Tensors

/// The settings of a training run, under the names of transformers' `TrainingArguments`.
package struct TrainingArguments: Sendable, Equatable {
    /// Whose bookkeeping is followed: how micro-batches are summed, how steps are counted, which rate is logged.
    package enum Compatibility: String, Sendable, CaseIterable {
        /// The loss is a mean over the labels of the whole group; the rate of each update is logged.
        case newest
        /// transformers 4.47.0: gradients of micro-batch means are summed; the rate after each update is logged.
        case period = "hf-4.47.0"
    }

    /// The optimizers.
    package enum Optimizer: String, Sendable, CaseIterable {
        case adamwTorch = "adamw_torch"
        case adamwHF = "adamw_hf"
    }

    /// How the learning rate goes after its warm-up.
    package enum Schedule: String, Sendable, CaseIterable {
        case linear
        case cosine
        case constant
        case constantWithWarmup = "constant_with_warmup"
    }

    /// When checkpoints are written.
    package enum SaveStrategy: String, Sendable, CaseIterable {
        case no, steps, epoch
    }

    /// How trained weights are kept where the model computes in a coarser type than float32.
    package enum MasterWeights: String, Sendable, CaseIterable {
        /// A float32 copy takes the updates.
        case float32
        /// The coarse weights take them, with moments as coarse: the notebook's way.
        case none
    }

    package var numTrainEpochs = 3.0
    /// Where above zero, ends training at this many updates whatever the epochs.
    package var maxSteps = -1
    package var perDeviceTrainBatchSize = 8
    package var gradientAccumulationSteps = 1
    package var warmupSteps = 0
    package var learningRate = 5e-5
    package var lrSchedulerType = Schedule.linear
    package var weightDecay = 0.0
    package var adamBeta1 = 0.9
    package var adamBeta2 = 0.999
    package var adamEpsilon = 1e-8
    /// Gradients are scaled down to this norm; zero or less leaves them.
    package var maxGradNorm = 1.0
    package var loggingSteps = 500
    package var saveStrategy = SaveStrategy.steps
    package var saveSteps = 500
    /// How many checkpoints are kept, the oldest going first; nil for all.
    package var saveTotalLimit: Int?
    package var optim = Optimizer.adamwTorch
    package var masterWeights = MasterWeights.float32
    /// Whether layers are computed again on the way back, to save memory.
    package var gradientCheckpointing = false
    /// How many shuffled orders of an example's boxes are learned in one pass; 1 takes the order as it is.
    package var packedOrders = 1
    package var seed: UInt64 = 42
    package var outputDir: String?
    /// Where set, answers are learned by the noise-box recipe, in place of those of the examples.
    package var noiseBoxes: NoiseBoxRecipe?
    package var compatibility = Compatibility.newest

    /// transformers' defaults.
    package init() {}

    /// Refuses values that make no sense.
    func check() throws(TrainingError) {
        func require(_ holds: Bool, _ name: String, _ reason: String) throws(TrainingError) {
            if !holds { throw .argument(name: name, reason: reason) }
        }
        try require(
            (0...1e6).contains(numTrainEpochs) && (numTrainEpochs > 0 || maxSteps > 0), "num-train-epochs",
            "must be above zero, and a million at most")
        let counts = 1...1_000_000
        try require(
            counts.contains(perDeviceTrainBatchSize), "per-device-train-batch-size",
            "must be above zero, and a million at most")
        try require(
            counts.contains(gradientAccumulationSteps), "gradient-accumulation-steps",
            "must be above zero, and a million at most")
        try require(!maxGradNorm.isNaN, "max-grad-norm", "must be a number")
        try require(warmupSteps >= 0, "warmup-steps", "must not be below zero")
        try require(learningRate.isFinite && learningRate >= 0, "learning-rate", "must be a number from zero")
        try require(weightDecay.isFinite && weightDecay >= 0, "weight-decay", "must be a number from zero")
        try require((0..<1).contains(adamBeta1), "adam-beta1", "must be in 0..<1")
        try require((0..<1).contains(adamBeta2), "adam-beta2", "must be in 0..<1")
        try require(adamEpsilon > 0, "adam-epsilon", "must be above zero")
        try require((1...64).contains(packedOrders), "packed-orders", "must be above zero, and 64 at most")
        try require(
            packedOrders == 1 || noiseBoxes == nil, "packed-orders", "must be 1 with noise boxes, which order boxes anew")
        try require(
            packedOrders == 1 || compatibility == .newest, "packed-orders",
            "does not go with compat \(compatibility.rawValue)")
        try require(loggingSteps > 0, "logging-steps", "must be above zero")
        try require(saveSteps > 0, "save-steps", "must be above zero")
        try require(saveTotalLimit.map { $0 > 0 } ?? true, "save-total-limit", "must be above zero")
    }
}
