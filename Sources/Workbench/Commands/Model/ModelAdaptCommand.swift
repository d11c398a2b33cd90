import Console
import Models

/// `model adapt`: LoRA.
struct ModelAdaptCommand: Command {
    static let name = "model adapt"
    static let summary = "freeze the model and attach a low-rank adapter (LoRA, DoRA), new or from peft's files"
    static let discussion = """
        A layer is adapted if the end of its path is one of the target modules: peft's rule. The usual list reaches the
        attention of the vision tower too, but not its out_proj, fc1 and fc2; the command says what it reached. With
        --language-only the vision tower is left alone, so that its features can be kept from epoch to epoch. On a model in
        4 bits this is QLoRA. --modules-to-save trains whole modules with the adapter and stores them in its file.
        """
    static let examples = ["model adapt --r 8", "model adapt --r 16 --lora-alpha 32 --target-modules q_proj,v_proj"]

    @Option("the rank", in: 1...4096) var r = 8
    @Option("scales the adapter by alpha / r; r itself if not given") var loraAlpha: Double?
    @Option("the share of inputs dropped in training", in: 0...0.99) var loraDropout = 0.0
    @Option("ends of the paths of the layers to adapt") var targetModules = AdapterConfiguration.usualSuffixes
    @Flag("scale by alpha / sqrt(r) instead") var useRslora = false
    @Flag("train the length of each row of a matrix apart from its direction (DoRA)") var useDora = false
    @Option("ends of the paths of modules to train whole") var modulesToSave: [String]?
    @Flag("adapt layers of the language model alone") var languageOnly = false
    @Option("load a trained adapter from peft's files", completion: .folder) var load: Path?

    mutating func run(_ context: CommandContext) throws {
        let loaded = try context.loadedModel()
        let paths: [String]
        if let load {
            let folder = context.resolveInput(load)
            paths = try loaded.model.loadAdapter(folder: folder)
            try context.loadTuning(folder: folder)
        } else {
            var configuration = AdapterConfiguration(
                r: r, loraAlpha: loraAlpha ?? Double(r),
                targetModules: languageOnly ? .languageModel(targetModules) : .suffixes(targetModules),
                loraDropout: loraDropout, useRslora: useRslora)
            configuration.useDora = useDora
            configuration.modulesToSave = modulesToSave
            paths = try loaded.model.attach(configuration, seed: context.seed)
        }
        loaded.noteChange()
        report(paths, loaded.model, context)
    }

    private func report(_ paths: [String], _ model: PaliGemma, _ context: CommandContext) {
        let vision = paths.filter { $0.hasPrefix("vision_tower.") }
        let names = Set(vision.compactMap { $0.split(separator: ".").last.map(String.init) }).sorted()
        context.say(
            "adapted \(paths.count) linear layers: \(paths.count - vision.count) of the language model and projector, \(vision.count) of the vision tower\(names.isEmpty ? "" : " (\(names.joined(separator: ", ")))")"
        )
        context.say(model.parameters.trainableShare)
    }
}
