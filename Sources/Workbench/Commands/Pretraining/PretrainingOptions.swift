import Console
import Training

/// The settings of a pretraining; defaults made the sample model.
struct PretrainingOptions: OptionGroupContents {
    @Option("updates of the run", in: 1...10_000_000) var maxSteps = 5045
    @Option("shorten the run, early on, so that it ends within this time", unit: "seconds")
    var maxSeconds: Double?
    @Option("prompts in an update", in: 1...65536) var batchSize = 512
    @Option("prompts that go through the model at once; all of an update if not given")
    var microBatchSize: Int?
    @Option("prompts that are asked about each picture", in: 1...16) var promptsPerPicture = 1
    @Option("the most tokens of a prompt with its answer", in: 16...4096) var maxTextTokens = 112
    @Option("the peak learning rate", in: 0...10) var learningRate = 1.5e-3
    @Option("updates over which the learning rate rises; at most a quarter of the run", in: 0...10_000_000)
    var warmupSteps = 250
    @Option("until which share of the run the rate stays at its peak, before it falls along a line", in: 0...1)
    var constantShare = 0.3
    @Option("how slowly the mean gradient moves", name: "adam-beta1", in: 0...0.999999) var adamBeta1 = 0.9
    @Option("how slowly the mean square moves", name: "adam-beta2", in: 0...0.999999) var adamBeta2 = 0.98
    @Option("how much matrices shrink at each update; embeddings, norms and biases do not", in: 0...10)
    var weightDecay = 0.05
    @Option("gradients are scaled down to this norm; 0 leaves them", in: 0...1e6) var maxGradNorm = 1.0
    @Option("the deviation of a location's target at first", unit: "locations", in: 0.1...200) var locationSpread = 14.0
    @Option("the deviation of a location's target from 60 % of the run on", unit: "locations", in: 0.1...200)
    var lastLocationSpread = 1.2
    @Option("what the labels of patches count at first; they count 0.42 of it from 40 % of the run on", in: 0...100)
    var auxiliaryWeight = 0.6
    @Option("the share of the run that shows one or two large objects only", in: 0...1) var largeShare = 0.08
    @Option("until which share of the run all is seen well: no sun, no shadows, nothing over it", in: 0...1)
    var clearShare = 0.4
    @Option("updates between two lines of the log", in: 1...10_000_000) var loggingSteps = 50
    @Option("updates between two checkpoints; none are written if not given") var saveSteps: Int?
    @Option("how many checkpoints are kept", in: 1...10_000) var saveTotalLimit = 1
    @Option("threads that draw scenes; all processors but one if 0", in: 0...1024) var generatorThreads = 0
    @Option("batches that are drawn ahead", in: 1...64) var batchesAhead = 4
    @Option("logs to write: tensorboard, jsonl, csv") var reportTo: [LogChoice] = []
    @Option("where logs are written; the folder runs of --output-dir if not given", completion: .folder)
    var loggingDir: Path?

    /// The settings as the pretrainer takes them.
    func arguments(seed: UInt64, processors: Int, outputDir: String, loggingDir: String?) -> PretrainingArguments {
        var arguments = PretrainingArguments()
        (arguments.maxSteps, arguments.maxSeconds) = (maxSteps, maxSeconds)
        (arguments.batchSize, arguments.microBatchSize) = (batchSize, microBatchSize)
        (arguments.promptsPerPicture, arguments.maxTextTokens) = (promptsPerPicture, maxTextTokens)
        (arguments.learningRate, arguments.warmupSteps) = (learningRate, warmupSteps)
        arguments.constantShare = constantShare
        (arguments.adamBeta1, arguments.adamBeta2) = (adamBeta1, adamBeta2)
        (arguments.weightDecay, arguments.maxGradNorm) = (weightDecay, maxGradNorm)
        (arguments.firstSpread, arguments.lastSpread) = (locationSpread, lastLocationSpread)
        arguments.firstAuxiliaryWeight = auxiliaryWeight
        arguments.lastAuxiliaryWeight = auxiliaryWeight * 0.25 / 0.6
        (arguments.largeShare, arguments.clearShare) = (largeShare, clearShare)
        (arguments.loggingSteps, arguments.saveSteps) = (loggingSteps, saveSteps)
        arguments.saveTotalLimit = saveTotalLimit
        arguments.generatorThreads = generatorThreads == 0 ? max(processors - 1, 1) : generatorThreads
        arguments.batchesAhead = batchesAhead
        arguments.reportTo = reportTo.compactMap { TrainingArguments.LogKind(rawValue: $0.rawValue) }
        (arguments.loggingDir, arguments.outputDir, arguments.seed) = (loggingDir, outputDir, seed)
        return arguments
    }
}
