import Detection
import Tensors

/// The settings of a training run, under the names of transformers' `TrainingArguments`.
package struct TrainingArguments: Sendable, Equatable {
    package var numTrainEpochs = 3.0
    /// Where above zero, ends training at this many updates whatever the epochs.
    package var maxSteps = -1
    package var perDeviceTrainBatchSize = 8
    package var perDeviceEvalBatchSize = 8
    package var gradientAccumulationSteps = 1
    package var warmupSteps = 0
    /// The share of all updates that is warm-up; only where `warmupSteps` is 0.
    package var warmupRatio = 0.0
    package var learningRate = 5e-5
    package var lrSchedulerType = Schedule.linear
    package var weightDecay = 0.0
    package var adamBeta1 = 0.9
    package var adamBeta2 = 0.999
    package var adamEpsilon = 1e-8
    /// Gradients are scaled down to this norm; zero or less leaves them.
    package var maxGradNorm = 1.0
    package var loggingSteps = 500
    package var evalStrategy = EvaluationStrategy.no
    /// Updates between two evaluations; those between two log lines if nil.
    package var evalSteps: Int?
    package var saveStrategy = SaveStrategy.steps
    package var saveSteps = 500
    /// How many checkpoints are kept, the oldest going first; nil for all.
    package var saveTotalLimit: Int?
    /// Whether the best weights are taken back when the run has ended; each best evaluation is then saved.
    package var loadBestModelAtEnd = false
    package var metricForBestModel = BestMetric.loss
    /// Ends the run after this many evaluations in a row without a better one; nil to go on.
    package var earlyStoppingPatience: Int?
    /// The share of each label that is spread over all ids.
    package var labelSmoothingFactor = 0.0
    package var optim = Optimizer.adamwTorch
    package var masterWeights = MasterWeights.float32
    /// Whether layers are computed again on the way back, to save memory.
    package var gradientCheckpointing = false
    /// How many shuffled orders of an example's boxes are learned in one pass; 1 takes the order as it is.
    package var packedOrders = 1
    /// Asks for a model that computes in bfloat16 while its trained weights are kept in float32.
    package var bf16 = false
    /// Asks for a model that computes in float16 while its trained weights are kept in float32.
    package var fp16 = false
    /// Whether examples of about the same length share a micro-batch.
    package var groupByLength = false
    /// Which logs are written.
    package var reportTo: [LogKind] = []
    /// Where logs are written; `output_dir/runs` if nil.
    package var loggingDir: String?
    package var seed: UInt64 = 42
    package var outputDir: String?
    package var compatibility = Compatibility.newest
    /// Where set, answers are learned by the noise-box recipe, in place of those of the examples.
    package var noiseBoxes: NoiseBoxRecipe?
    /// What the tokens of each class count; nil for all the same.
    package var classWeights: ClassWeights?

    /// transformers' defaults.
    package init() {}

    /// Where logs are written, if they are.
    package var logFolder: String? { loggingDir ?? outputDir.map { $0 + "/runs" } }

    /// Updates of warm-up in a run of so many.
    ///
    /// - Source: transformers' `TrainingArguments.get_warmup_steps`.
    package func warmupSteps(ofTotal totalSteps: Int) -> Int {
        warmupSteps > 0 ? warmupSteps : Int((Double(totalSteps) * warmupRatio).rounded(.up))
    }

    /// Updates between two evaluations by steps.
    package var stepsBetweenEvaluations: Int { evalSteps ?? loggingSteps }
}
