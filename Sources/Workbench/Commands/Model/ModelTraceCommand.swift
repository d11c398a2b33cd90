import Checkpoints
import Console
import Images
import Models
import Tensors

/// `model trace`: every intermediate, for comparison with other programs.
struct ModelTraceCommand: Command {
    static let name = "model trace"
    static let summary = "run the model once and write every intermediate under the reference's names"
    static let discussion = """
        The file holds input_ids, attention_mask, token_type_ids, labels, pixel_values, vision_hidden_N,
        vision_last_hidden, projector_out, hidden_N, logits, loss, and grad/<checkpoint key>. hidden_0 is the scaled
        embedding, the last hidden_N is after the final norm. --inputs takes the first five from a file (any batch, padded
        left or right) in place of --image and --prefix.
        """
    static let examples = [
        "model trace --image samples/cards/test_000.jpg --prefix 'detect card' --out /tmp/trace.safetensors"
    ]

    @Option("the picture", completion: .file(extensions: ["jpg", "jpeg", "png"])) var image: Path?
    @Option("the prompt") var prefix = ""
    @Option("the answer to learn; gives a loss") var suffix: String?
    @Option("whose gradients are written") var gradients = GradientChoice.none
    @Option("token rows and pixels from a safetensors file") var inputs: Path?
    @Option("the file to write") var out: Path

    mutating func run(_ context: CommandContext) throws {
        let loaded = try context.loadedModel()
        let (tokens, pixels) = try inputs.map { try read($0, context, loaded.model) } ?? make(context, loaded.model)
        let results = try loaded.model.trace(
            tokens, pixels: pixels, gradients: PaliGemma.TracedGradients(rawValue: gradients.rawValue) ?? .none)
        try SafetensorsWriter.write(results, to: context.resolveOutput(out))
        context.say("\(tokens.count) x \(tokens.length) tokens traced: \(results.count) tensors in \(.path(out.text))")
    }

    private func make(_ context: CommandContext, _ model: PaliGemma) throws -> (TokenBatch, Tensor) {
        guard let image else {
            throw Failure(
                code: "MissingOption", message: "model trace needs --image or --inputs", next: "help model trace")
        }
        let loaded = try context.loadedProcessor()
        let tokens = try loaded.processor.batch(prefixes: [prefix], suffixes: suffix.map { [$0] })
        return (tokens, try loaded.loader.pixels(of: [context.resolveSample(image)], on: model.backend))
    }

    private func read(_ path: Path, _ context: CommandContext, _ model: PaliGemma) throws -> (TokenBatch, Tensor) {
        let file = try SafetensorsFile(path: context.resolveInput(path))
        let shape = try file.entry("pixel_values").shape
        return (
            try TokenBatch(traceFile: file), try Tensor(file.floats("pixel_values"), shape: shape, on: model.backend)
        )
    }
}

/// Whose gradients a trace holds.
enum GradientChoice: String, Choice {
    case none, trainable, all
}
