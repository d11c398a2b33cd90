import Console
import Tokenization

/// Which tokenizer is used.
struct TokenizerOptions: OptionGroupContents {
    @Option(
        "a checkpoint's folder, a tokenizer.json or a tokenizer.model; that of the loaded processor if not given",
        completion: .file(extensions: ["json", "model"])) var tokenizer: Path?

    /// Loads it, or takes it from the processor.
    func load(_ context: CommandContext) throws -> Tokenizer {
        guard let tokenizer else { return try context.loadedProcessor().processor.tokenizer }
        let path = context.resolveSample(tokenizer)
        if FileAccess.isFolder(path) { return try Tokenizer(folder: path) }
        return try path.hasSuffix(".model") ? Tokenizer(modelPath: path) : Tokenizer(jsonPath: path)
    }
}
