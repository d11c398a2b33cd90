import Console

/// What `bench paligemma` measures, as a session's command and as the program's.
struct PaliGemmaBenchOptions: OptionGroupContents {
    @Option("a published shape; widths are always its own") var shape = "paligemma2-3b-448"
    @Option("layers of the vision tower", in: 1...1000) var visionLayers = 2
    @Option("layers of the language model", in: 1...1000) var textLayers = 2
    @Option("measure this checkpoint in place of random weights", completion: .folder) var checkpoint: Path?
    @Option("the type to compute with") var dtype = TypeChoice.bfloat16
    @Option("put linear layers into 4 bits") var quantization = QuantizationChoice.none
    @Flag("compute layers again on the way back of a step") var gradientCheckpointing = false
    @Option("text tokens behind the image's, <bos> and line end among them", in: 4...4096) var textTokens = 32
    @Option("examples in a batch", in: 1...64) var batch = 1
    @Option("tokens to generate after the first", in: 1...1024) var newTokens = 16
    @Option("measured runs of each part, after one that is shown as first", in: 1...100) var repeats = 3
    @Flag("tell how long each kernel takes on the GPU, in one more run of each part") var profile = false
    @Option("what to measure") var parts: [BenchPart] = [.forward, .generate, .lora, .pictures]

    /// The same measurement as a session's command line.
    var commandLine: String {
        var words = [
            BenchPaliGemmaCommand.name, "--dtype", dtype.rawValue, "--text-tokens", "\(textTokens)", "--batch",
            "\(batch)",
            "--new-tokens", "\(newTokens)", "--repeats", "\(repeats)",
            "--parts", parts.map(\.rawValue).joined(separator: ","),
        ]
        if profile { words.append("--profile") }
        if gradientCheckpointing { words.append("--gradient-checkpointing") }
        if quantization != .none { words += ["--quantization", quantization.rawValue] }
        if let checkpoint { words += ["--checkpoint", Literal.quoted(checkpoint.text)] }
        if $shape { words += ["--shape", Literal.quoted(shape)] }
        if $visionLayers { words += ["--vision-layers", "\(visionLayers)"] }
        if $textLayers { words += ["--text-layers", "\(textLayers)"] }
        return words.joined(separator: " ")
    }
}

/// The parts of the bench.
enum BenchPart: String, Choice {
    /// Image features of a batch.
    case forward
    /// Image features, decoder over all tokens, last logits; then a token at a time.
    case generate
    /// A step of training with a low-rank adapter.
    case lora
    /// A step of training the whole language model.
    case full
    /// Pictures to pixel values.
    case pictures

    /// Whether weights are needed.
    var needsModel: Bool { self != .pictures }
}
