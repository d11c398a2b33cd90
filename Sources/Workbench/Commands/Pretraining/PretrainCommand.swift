import Console
import Models
import Tensors
import Training

/// `pretrain`: a small model from nothing.
struct PretrainCommand: Command {
    static let name = "pretrain"
    static let summary = "train a small model from nothing on drawn scenes; this made samples/tiny-paligemma2"
    static let discussion = """
        Threads draw cards, symbols, letters and tiles on tables in changing light, with prompts and answers, while the
        device computes; no picture is shown twice. The shape and the tokenizer come from --like, all weights are new.
        Beside the text, the vision tower is asked what is seen at each patch and where its edges are; these maps are
        dropped at the end. --output-dir gets a model that `model load` and transformers open, whose place in the session it
        takes. Ctrl-C stops between two updates and writes a checkpoint; --resume goes on from the newest one. Batches are
        the same for a seed whatever the number of threads; so is the model, on one kind of device, unless --max-seconds
        shortened the run. docs/pretraining.md tells the recipe.
        """
    static let examples = [
        "pretrain --output-dir /tmp/palinote-tiny --max-steps 2 --batch-size 2 --hidden-size 32 --layers 1 --dtype float32"
    ]

    @Option("the folder to write the model to; checkpoints lie below it", completion: .folder) var outputDir: Path
    @Option("the checkpoint whose shape and tokenizer are taken", completion: .folder) var like = Path(
        SampleFolders.modelName)
    @Option("the type to compute with; weights are updated in float32") var dtype = TypeChoice.bfloat16
    @Option("narrower layers than those of --like, to try things out") var hiddenSize: Int?
    @Option("fewer layers of tower and language model, to try things out") var layers: Int?
    @OptionGroup var options: PretrainingOptions
    @Flag("go on from the newest checkpoint in --output-dir") var resume = false
    @Flag("tell how long each kernel takes on the GPU, in the tenth update") var profile = false

    mutating func run(_ context: CommandContext) throws {
        let (source, target) = (context.resolveSample(like), context.resolveOutput(outputDir))
        let configuration = try PaliGemmaConfiguration(folder: source).shrunk(hiddenSize: hiddenSize, layers: layers)
        let processor = try PaliGemmaProcessor(folder: source, configuration: configuration)
        let pretrainer = try makePretrainer(configuration, processor, target, context)
        if resume { try pretrainer.resume(from: checkpoint(under: target)) }
        try FileAccess.makeFolder(target)
        let report = try PretrainingReport(context, pretrainer)
        if profile { report.kernelWatch = try KernelWatch(pretrainer.model.backend) }
        let interrupt = context.interrupt
        let isDone = try pretrainer.run(shouldStop: { interrupt.isRequested }, observe: report.receive)
        guard isDone else {
            let saved = try pretrainer.saveCheckpoint(under: target)
            context.warn(
                "stopped after update \(pretrainer.step) of \(pretrainer.totalSteps); --resume goes on from \(.path(saved))"
            )
            return try interrupt.check()
        }
        try pretrainer.model.save(folder: target)
        let copied = try ProcessorFiles.copy(from: source, to: target)
        report.finish()
        pretrainer.releaseWorkingMemory()
        context.say("saved the model and \(copied) processor files to \(.path(outputDir.text))")
        let loaded = LoadedModel(pretrainer.model, folder: target)
        loaded.noteChange()
        context.workspace[ModelSlot.self] = loaded
    }

    private func makePretrainer(
        _ configuration: PaliGemmaConfiguration, _ processor: PaliGemmaProcessor, _ target: String,
        _ context: CommandContext
    ) throws -> Pretrainer {
        let arguments = options.arguments(
            seed: context.seed, processors: MachineDescription.read().processorCount, outputDir: target,
            loggingDir: options.loggingDir.map(context.resolveOutput))
        let model = try PaliGemma(
            untrained: configuration, locationIDs: processor.tokenizer.locationIDs ?? 0..<0, seed: context.seed,
            elementType: dtype.elementType, backend: context.backend())
        return try Pretrainer(model, processor, arguments, now: context.now)
    }

    private func checkpoint(under folder: String) throws -> String {
        guard let last = Pretrainer.lastCheckpoint(under: folder) else {
            throw Failure(
                code: "NoCheckpoint", message: "there is no checkpoint in --output-dir to resume from",
                next: "help pretrain")
        }
        return last
    }
}
