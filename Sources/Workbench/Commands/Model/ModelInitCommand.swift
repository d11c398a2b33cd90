import Console
import Models
import Tensors

/// `model init`: random weights of a published shape.
struct ModelInitCommand: Command {
    static let name = "model init"
    static let summary = "write a checkpoint of random weights of a published shape"
    static let discussion = """
        The full size can so be tried anywhere: time, memory, file handling. Answers are noise. Shapes:
        paligemma2-3b-224, -448, -896, and the same for 10b and 28b.
        """
    static let examples = [
        "model init --shape paligemma2-3b-224 --vision-layers 1 --text-layers 1 --out /tmp/palinote-random"
    ]

    @Option("the shape") var shape = "paligemma2-3b-448"
    @Option("where random numbers start; the session's seed if not given") var seed: UInt64?
    @Option("the folder to write", completion: .folder) var out: Path
    @Option("fewer layers of the vision tower", in: 1...1000) var visionLayers = 27
    @Option("fewer layers of the language model") var textLayers: Int?
    @Option("a folder whose tokenizer files are copied", completion: .folder) var tokenizer: Path?

    mutating func run(_ context: CommandContext) throws {
        let configuration = try PaliGemmaConfiguration.named(
            shape, visionLayers: visionLayers, textLayers: textLayers)
        let target = context.resolveOutput(out)
        try FileAccess.makeFolder(target)
        let start = context.now()
        let interrupt = context.interrupt
        try PaliGemma.writeRandom(
            configuration, seed: seed ?? context.seed, folder: target, backend: context.backend(),
            shouldStop: { interrupt.isRequested }
        ) { written, total in
            context.report(
                Progress(
                    label: "write", completed: written >> 20, total: total >> 20,
                    rate: .rate(Double(written >> 20) / max(context.now() - start, 1e-9), unit: "MiB/s"),
                    elapsed: context.now() - start, isFinished: written == total))
        }
        try interrupt.check()
        let copied = try ProcessorFiles.copy(from: tokenizer.map { context.resolveSample($0) }, to: target)
        if copied > 0 { try PreprocessorFile.write(imageSize: configuration.vision.imageSize, to: target) }
        let (vision, text) = (configuration.vision, configuration.text)
        context.say(
            "wrote \(shape) with \(vision.layerCount) vision and \(text.layerCount) text layers, bfloat16, to \(.path(out.text)) in \(.duration(context.now() - start))"
        )
    }
}
