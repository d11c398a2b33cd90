/// The settings of a training from nothing on drawn scenes; defaults are those of the sample model.
package struct PretrainingArguments: Sendable, Equatable {
    /// How many updates are made.
    package var maxSteps = 5045
    /// Shortens the run, while its learning rate is still constant, so that it ends within this time.
    package var maxSeconds: Double?
    /// Prompts in an update.
    package var batchSize = 512
    /// Prompts that go through the model at once, where an update is too large for the memory; nil for all.
    package var microBatchSize: Int?
    /// How many prompts are asked about each picture.
    package var promptsPerPicture = 1
    /// The most tokens of a prompt with its answer, image and beginning not counted.
    package var maxTextTokens = 112
    package var learningRate = 1.5e-3
    package var warmupSteps = 250
    /// Until which share of the run the rate stays at its peak; then it falls along a line.
    package var constantShare = 0.3
    /// What the rate falls to, over its peak.
    package var finalRateShare = 0.015
    package var adamBeta1 = 0.9
    package var adamBeta2 = 0.98
    package var adamEpsilon = 1e-8
    /// Of matrices only: not of embeddings, positions, norms and biases.
    package var weightDecay = 0.05
    package var maxGradNorm = 1.0
    /// How far a location's target is spread over its neighbours at first, and from `spreadShare` of the run on.
    package var firstSpread = 14.0
    package var lastSpread = 1.2
    package var spreadShare = 0.6
    /// What the labels of patches count at first, and from `auxiliaryShare` of the run on.
    package var firstAuxiliaryWeight = 0.6
    package var lastAuxiliaryWeight = 0.25
    package var auxiliaryShare = 0.4
    /// The share of the run that shows one or two large objects only.
    package var largeShare = 0.08
    /// Until which share of the run scenes show objects that are seen well.
    package var clearShare = 0.4
    package var loggingSteps = 50
    /// Updates between two checkpoints; nil for none but the model at the end.
    package var saveSteps: Int?
    package var saveTotalLimit = 1
    /// Threads that draw scenes.
    package var generatorThreads = 1
    /// Batches that are drawn ahead.
    package var batchesAhead = 4
    package var reportTo: [TrainingArguments.LogKind] = []
    package var loggingDir: String?
    package var outputDir: String?
    package var seed: UInt64 = 0

    /// The defaults.
    package init() {}

    /// Where logs are written, if they are.
    package var logFolder: String? { loggingDir ?? outputDir.map { $0 + "/runs" } }

    /// Prompts that go through the model at once.
    var rowsAtOnce: Int { min(microBatchSize ?? batchSize, batchSize) }

    /// Refuses values that make no sense, alone or together.
    func check() throws(TrainingError) {
        let (counts, limits) = (1...10_000_000, "must be above zero, and ten million at most")
        try require(counts.contains(maxSteps), "max-steps", limits)
        try require(maxSeconds.map { $0 > 0 } ?? true, "max-seconds", "must be above zero")
        try require((1...65_536).contains(batchSize), "batch-size", "must be above zero, and 65536 at most")
        try require((1...16).contains(promptsPerPicture), "prompts-per-picture", "must be above zero, and 16 at most")
        try require(
            rowsAtOnce > 0 && batchSize % rowsAtOnce == 0 && rowsAtOnce % promptsPerPicture == 0,
            "batch-size", "must be whole micro-batches, and these whole pictures")
        try require((16...4096).contains(maxTextTokens), "max-text-tokens", "must be in 16...4096")
        try require(learningRate.isFinite && learningRate >= 0, "learning-rate", "must be a number from zero")
        try require(warmupSteps >= 0, "warmup-steps", "must not be below zero")
        try require((0..<1).contains(adamBeta1) && (0..<1).contains(adamBeta2), "adam-beta", "must be in 0..<1")
        try require(adamEpsilon > 0, "adam-epsilon", "must be above zero")
        try require(weightDecay.isFinite && weightDecay >= 0, "weight-decay", "must be a number from zero")
        try require(
            firstSpread >= lastSpread && lastSpread > 0 && firstSpread <= 200, "location-spread",
            "must fall, from at most 200 to more than zero")
        for (name, share) in [
            ("constant-share", constantShare), ("final-rate-share", finalRateShare), ("spread-share", spreadShare),
            ("auxiliary-share", auxiliaryShare), ("large-share", largeShare), ("clear-share", clearShare),
        ] { try require((0...1).contains(share), name, "must be in 0...1") }
        try require(loggingSteps > 0, "logging-steps", "must be above zero")
        try require(saveSteps.map { $0 > 0 } ?? true, "save-steps", "must be above zero")
        try require(saveTotalLimit > 0, "save-total-limit", "must be above zero")
        try require((1...1024).contains(generatorThreads), "generator-threads", "must be in 1...1024")
        try require((1...64).contains(batchesAhead), "batches-ahead", "must be in 1...64")
        try require(
            reportTo.isEmpty || logFolder != nil, "report-to", "needs a place: --logging-dir or --output-dir")
    }

    private func require(_ holds: Bool, _ name: String, _ reason: String) throws(TrainingError) {
        if !holds { throw .argument(name: name, reason: reason) }
    }

    /// What the optimizer is told.
    var optimizerArguments: TrainingArguments {
        var arguments = TrainingArguments()
        (arguments.adamBeta1, arguments.adamBeta2, arguments.adamEpsilon) = (adamBeta1, adamBeta2, adamEpsilon)
        (arguments.weightDecay, arguments.maxGradNorm) = (weightDecay, maxGradNorm)
        arguments.learningRate = learningRate
        return arguments
    }
}
