import Console
import Training

/// The settings of a run, under the names of transformers' `TrainingArguments`; defaults are the notebook's.
struct TrainingOptions: OptionGroupContents {
    @Option("how often the examples are seen", in: 0...10_000) var numTrainEpochs = 2.0
    @Option("ends the run after this many updates, whatever the epochs; -1 for none") var maxSteps = -1
    @Option("examples in a micro-batch", in: 1...4096) var perDeviceTrainBatchSize = 1
    @Option("examples in a batch of an evaluation", in: 1...4096) var perDeviceEvalBatchSize = 8
    @Option("micro-batches in an update", in: 1...65536) var gradientAccumulationSteps = 1
    @Option(
        "updates over which the learning rate rises from zero; 2 if --warmup-ratio is not given either",
        in: 0...10_000_000)
    var warmupSteps = 2
    @Option("the share of all updates that is warm-up", in: 0...1) var warmupRatio = 0.0
    @Option("the peak learning rate", in: 0...10) var learningRate = 2e-5
    @Option("how the learning rate goes after the warm-up") var lrSchedulerType = ScheduleChoice.linear
    @Option("how much weights shrink at each update", in: 0...10) var weightDecay = 1e-6
    @Option("how slowly the mean gradient moves", name: "adam-beta1", in: 0...0.999999) var adamBeta1 = 0.9
    @Option("how slowly the mean square moves", name: "adam-beta2", in: 0...0.999999) var adamBeta2 = 0.999
    @Option("added to the root of the mean square", in: 1e-12...1) var adamEpsilon = 1e-8
    @Option("gradients are scaled down to this norm; 0 leaves them", in: 0...1e6) var maxGradNorm = 1.0
    @Option("updates between two lines of the log", in: 1...10_000_000) var loggingSteps = 100
    @Option("when the model is scored on the valid split: its loss, and mAP of what it detects")
    var evalStrategy = EvaluationChoice.no
    @Option("updates between two evaluations with --eval-strategy steps; as --logging-steps if not given")
    var evalSteps: Int?
    @Option("when checkpoints are written; best: where an evaluation is the best so far") var saveStrategy = SaveChoice
        .steps
    @Option("updates between two checkpoints", in: 1...10_000_000) var saveSteps = 1000
    @Option("how many checkpoints are kept", in: 1...10_000) var saveTotalLimit = 1
    @Flag("take back the weights of the best evaluation at the end; each that is the best so far is saved")
    var loadBestModelAtEnd = false
    @Option("what says which evaluation is the best") var metricForBestModel = BestMetricChoice.loss
    @Option("ends the run after this many evaluations in a row that are not better") var earlyStoppingPatience: Int?
    @Option("the share of each label that is spread over all ids", in: 0...0.999999) var labelSmoothingFactor = 0.0
    @Option("where checkpoints are written; none are if not given", completion: .folder) var outputDir: Path?
    @Option("the optimizer; adamw is adamw_torch") var optim = OptimizerChoice.adamwTorch
    @Option("keep a float32 copy of trained weights where the model computes in bfloat16 or float16, or not")
    var masterWeights = MasterChoice.float32
    @Flag("compute layers again on the way back: a third more time, far less memory") var gradientCheckpointing = false
    @Option(
        "the share of the machine's, container's or device's memory in use from which the run goes on by a smaller plan; 1 for never",
        in: 0.01...1)
    var memoryThreshold = 0.9
    @Option("shuffled orders of an example's boxes that share the picture's and prompt's pass", in: 1...64)
    var packedOrders = 1
    @Flag("be sure that the model computes in bfloat16 and its trained weights are kept in float32", name: "bf16")
    var bf16 = false
    @Flag("be sure that the model computes in float16 and its trained weights are kept in float32", name: "fp16")
    var fp16 = false
    @Flag("put examples of about the same length in a batch") var groupByLength = false
    @Option("logs to write: tensorboard, jsonl, csv") var reportTo: [LogChoice] = []
    @Option("where logs are written; the folder runs of --output-dir if not given", completion: .folder)
    var loggingDir: Path?
    @Option("where the order of examples and dropout start; the session's seed if not given") var seed: UInt64?
    @Option("whose bookkeeping is followed") var compat = CompatibilityChoice.newest

    /// The settings as the trainer takes them.
    func arguments(seed: UInt64, outputDir: String?, loggingDir: String?) -> TrainingArguments {
        var arguments = TrainingArguments()
        arguments.numTrainEpochs = numTrainEpochs
        arguments.maxSteps = maxSteps
        arguments.perDeviceTrainBatchSize = perDeviceTrainBatchSize
        arguments.gradientAccumulationSteps = gradientAccumulationSteps
        arguments.perDeviceEvalBatchSize = perDeviceEvalBatchSize
        arguments.warmupSteps = warmupRatio > 0 && !$warmupSteps ? 0 : warmupSteps
        arguments.warmupRatio = warmupRatio
        arguments.learningRate = learningRate
        arguments.lrSchedulerType = TrainingArguments.Schedule(rawValue: lrSchedulerType.rawValue) ?? .linear
        arguments.weightDecay = weightDecay
        arguments.adamBeta1 = adamBeta1
        arguments.adamBeta2 = adamBeta2
        arguments.adamEpsilon = adamEpsilon
        arguments.maxGradNorm = maxGradNorm
        arguments.loggingSteps = loggingSteps
        arguments.evalStrategy = TrainingArguments.EvaluationStrategy(rawValue: evalStrategy.rawValue) ?? .no
        arguments.evalSteps = evalSteps
        arguments.loadBestModelAtEnd = loadBestModelAtEnd
        arguments.metricForBestModel = TrainingArguments.BestMetric(rawValue: metricForBestModel.rawValue) ?? .loss
        arguments.earlyStoppingPatience = earlyStoppingPatience
        arguments.labelSmoothingFactor = labelSmoothingFactor
        arguments.saveStrategy = TrainingArguments.SaveStrategy(rawValue: saveStrategy.rawValue) ?? .steps
        arguments.saveSteps = saveSteps
        arguments.saveTotalLimit = saveTotalLimit
        arguments.optim = TrainingArguments.Optimizer(rawValue: optim.rawValue) ?? .adamwTorch
        arguments.masterWeights = masterWeights == .float32 ? .float32 : .none
        arguments.compatibility = compat == .newest ? .newest : .period
        arguments.gradientCheckpointing = gradientCheckpointing
        arguments.packedOrders = packedOrders
        (arguments.bf16, arguments.fp16) = (bf16, fp16)
        arguments.groupByLength = groupByLength
        arguments.reportTo = reportTo.compactMap { TrainingArguments.LogKind(rawValue: $0.rawValue) }
        arguments.loggingDir = loggingDir
        arguments.seed = seed
        arguments.outputDir = outputDir
        return arguments
    }
}

/// How the learning rate goes after the warm-up.
enum ScheduleChoice: String, Choice {
    case linear, cosine, constant
    case constantWithWarmup = "constant_with_warmup"
}

/// When checkpoints are written.
enum SaveChoice: String, Choice {
    case no, steps, epoch, best
}

/// When the model is evaluated.
enum EvaluationChoice: String, Choice {
    case no, steps, epoch
}

/// What says which evaluation is the best.
enum BestMetricChoice: String, Choice {
    case loss
    case map50To95 = "map50_95"
    case map50
}

/// The logs of a run.
enum LogChoice: String, Choice {
    case tensorboard, jsonl, csv
}

/// The optimizers.
enum OptimizerChoice: String, Choice {
    case adamwTorch = "adamw_torch"
    case adamwHF = "adamw_hf"
    case adamw8bit = "adamw_8bit"
    case adamw, sgd, adafactor
}

/// Whether trained weights have float32 copies.
enum MasterChoice: String, Choice {
    case float32, none
}
