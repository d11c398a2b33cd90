import Console
import Datasets
import Models
import Training

/// What decides the memory of a training, under the names that `model load`, `freeze`, `adapt` and `train` give it.
struct PlanOptions: OptionGroupContents {
    @Option("a published shape in place of a folder, such as paligemma2-3b-448") var shape: String?
    @Option("layers of the vision tower with --shape", in: 1...1000) var visionLayers = 27
    @Option("layers of the language model with --shape") var textLayers: Int?
    @Option("the type to compute with") var dtype = TypeChoice.float32
    @OptionGroup var quantization: QuantizationOptions
    @Option("pixels on a side, a multiple of 14; the checkpoint's if not given") var resolution: Int?
    @Option("places in the tree of weights to freeze") var freeze: [String] = []
    @Option("the rank of an adapter; all weights that are not frozen are trained if not given") var r: Int?
    @Option("ends of the paths of the layers to adapt") var targetModules = AdapterConfiguration.usualSuffixes
    @Flag("adapt layers of the language model alone") var languageOnly = false
    @Flag("train the length of each row of a matrix apart from its direction (DoRA)") var useDora = false
    @Option("the share of inputs dropped in training", in: 0...0.99) var loraDropout = 0.0
    @Option("ends of the paths of modules to train whole") var modulesToSave: [String]?
    @Option("examples in a micro-batch", in: 1...4096) var perDeviceTrainBatchSize = 1
    @Option("micro-batches in an update", in: 1...65536) var gradientAccumulationSteps = 1
    @Option("examples in a batch of an evaluation", in: 1...4096) var perDeviceEvalBatchSize = 8
    @Option("when the model is scored on the valid split") var evalStrategy = EvaluationChoice.no
    @Option("the optimizer") var optim = OptimizerChoice.adamwTorch
    @Option("keep a float32 copy of trained weights where the model computes in bfloat16 or float16, or not")
    var masterWeights = MasterChoice.float32
    @Flag("compute layers again on the way back") var gradientCheckpointing = false
    @Option("shuffled orders of an example's boxes that share a pass", in: 1...64) var packedOrders = 1
    @Option("text tokens that are only read; those of the longest loaded example, or 16, if not given")
    var promptTokens: Int?
    @Option("text tokens that are learned; those of the longest loaded example, or 48, if not given")
    var answerTokens: Int?
    @Option("pictures of an epoch; those of the loaded train split, or 100, if not given") var examples: Int?
    @Option("memory for features of pictures seen before", unit: "MiB", in: 0...1_048_576) var featureCache = 2048

    /// The training that the options describe.
    ///
    /// - Parameter folder: of the checkpoint; not used with `--shape`.
    func request(_ folder: Path, _ context: CommandContext) throws -> TrainingRequest {
        var request = TrainingRequest(
            try shape.map { .shape(try .named($0, visionLayers: visionLayers, textLayers: textLayers)) }
                ?? .folder(context.resolveSample(folder)))
        request.elementType = dtype.elementType
        request.quantization = quantization.configuration
        if let resolution {
            guard resolution > 0, resolution % 14 == 0, resolution <= 14 * 256 else {
                throw Failure(code: "BadValue", message: "--resolution is a multiple of 14 pixels, up to 3584")
            }
            request.imageSize = resolution
        }
        let patterns = freeze.map(NamePattern.init)
        request.freezes = { name in patterns.contains { $0.picks(name) } }
        request.adapter = adapter
        request.arguments = arguments(seed: context.seed)
        request.featureBudget = featureCache << 20
        request.undoBudget = context.settings.undoBudget << 20
        measure(&request, context)
        return request
    }

    private var adapter: AdapterConfiguration? {
        guard let r else { return nil }
        var configuration = AdapterConfiguration(
            r: r, loraAlpha: Double(r),
            targetModules: languageOnly ? .languageModel(targetModules) : .suffixes(targetModules),
            loraDropout: loraDropout)
        (configuration.useDora, configuration.modulesToSave) = (useDora, modulesToSave)
        return configuration
    }

    private func arguments(seed: UInt64) -> TrainingArguments {
        var arguments = TrainingArguments()
        arguments.seed = seed
        arguments.perDeviceTrainBatchSize = perDeviceTrainBatchSize
        arguments.gradientAccumulationSteps = gradientAccumulationSteps
        arguments.perDeviceEvalBatchSize = perDeviceEvalBatchSize
        arguments.evalStrategy = TrainingArguments.EvaluationStrategy(rawValue: evalStrategy.rawValue) ?? .no
        arguments.optim = TrainingArguments.Optimizer(rawValue: optim.rawValue) ?? .adamwTorch
        arguments.masterWeights = masterWeights == .float32 ? .float32 : .none
        arguments.gradientCheckpointing = gradientCheckpointing
        arguments.packedOrders = packedOrders
        return arguments
    }

    /// Takes lengths and counts that were not given from what is loaded.
    private func measure(_ request: inout TrainingRequest, _ context: CommandContext) {
        let loaded = context.workspace[DatasetSlot.self]?.examples(.train) ?? []
        request.exampleCount = examples ?? (loaded.isEmpty ? request.exampleCount : loaded.count)
        if let processor = context.workspace[ProcessorSlot.self]?.processor, !loaded.isEmpty {
            let image = processor.imageTokenCount
            let lengths = loaded.map {
                (processor.promptIDs($0.prefix).count - image, processor.suffixIDs($0.suffix).count)
            }
            let longest = lengths.max { $0.0 + $0.1 < $1.0 + $1.1 } ?? (request.promptTokens, request.answerTokens)
            (request.promptTokens, request.answerTokens) = longest
        }
        request.promptTokens = promptTokens ?? request.promptTokens
        request.answerTokens = answerTokens ?? request.answerTokens
    }
}
