import Console
import FoundationEssentials
import Models

/// `model save`: for transformers, peft and Palinote.
struct ModelSaveCommand: Command {
    static let name = "model save"
    static let summary = "write the model, or its adapter alone, with the processor's files"
    static let discussion = """
        A model with an adapter writes adapter_model.safetensors and adapter_config.json, as peft does; any other writes
        config.json and model.safetensors, as transformers does. The processor's files go with them, and
        the temperatures and thresholds of `calibrate` and `thresholds`.
        """
    static let examples = ["model save /tmp/palinote-cards"]

    @Argument("the folder to write", completion: .folder) var folder: Path
    @Option("the type to store; that of the model if not given") var dtype: TypeChoice?

    mutating func run(_ context: CommandContext) throws {
        let loaded = try context.loadedModel()
        let target = context.resolveOutput(folder)
        try FileAccess.makeFolder(target)
        if loaded.model.adapter != nil {
            try loaded.model.saveAdapter(folder: target, baseModel: loaded.folder)
        } else {
            try loaded.model.save(folder: target, as: dtype?.elementType)
        }
        try context.saveTuning(folder: target)
        let copied = try ProcessorFiles.copy(from: context.workspace[ProcessorSlot.self]?.folder, to: target)
        try PreprocessorFile.follow(loaded.model.configuration, in: target)
        let kind = loaded.model.adapter == nil ? "model" : "adapter"
        context.say("saved the \(kind) and \(copied) processor files to \(.path(folder.text))")
    }
}

/// The files of a checkpoint's folder that belong to its processor.
enum ProcessorFiles {
    static let names = [
        "tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "preprocessor_config.json", "generation_config.json",
    ]

    /// Copies those that are there; returns how many.
    static func copy(from source: String?, to target: String) throws -> Int {
        guard let source, source != target else { return 0 }
        var copied = 0
        for name in names where FileAccess.exists(Paths.join(source, name)) {
            let destination = Paths.join(target, name)
            if FileAccess.exists(destination) { try FileManager.default.removeItem(atPath: destination) }
            try FileManager.default.copyItem(atPath: Paths.join(source, name), toPath: destination)
            copied += 1
        }
        return copied
    }
}
