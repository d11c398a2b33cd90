import Console
import Detection
import Models
import Training

/// `optimize architecture`: resolution, tiles, adapters.
struct OptimizeArchitectureCommand: Command {
    static let name = "optimize architecture"
    static let summary = "propose, and apply, tiles, resolution, vision adapters, the projector or a larger rank"
    static let discussion = """
        Looks at the last `evaluate`: how many objects of each size are found, how far edges lie off, which classes are taken
        for one another. Each proposal names its figures and the command that makes it so by hand. --apply makes all of them,
        or those that --only names: the model is changed as it is in memory (an adapter is merged before another is attached),
        tiles become the default of `evaluate` and `infer`. What learns anew has to be trained again.
        """
    static let examples = ["optimize architecture", "optimize architecture --conf-threshold 0.5"]

    @Flag("make the proposals so") var apply = false
    @Option("make only these so: tiles, resolution, vision-attention, projector, rank")
    var only: [ArchitectureChoice] = []
    @Option("leaves out predictions below this confidence when errors are counted", in: 0...1)
    var confThreshold = 0.3

    mutating func run(_ context: CommandContext) throws {
        guard let evaluated = context.workspace[PredictionsSlot.self] else {
            throw Failure(code: "NothingEvaluated", message: "nothing has been evaluated yet", next: "evaluate valid")
        }
        let loaded = try context.loadedModel()
        let advice = try ArchitectureAdvice(
            evaluated.images, sizes: evaluated.predictions.map { ($0.width, $0.height) }, classes: evaluated.classes,
            model: Self.facts(of: loaded.model), confidenceThreshold: confThreshold)
        show(advice, evaluated, context)
        guard !advice.proposals.isEmpty else {
            return context.say("nothing to change: errors of these kinds are too few")
        }
        for proposal in advice.proposals {
            context.say(
                "\(proposal.kind.rawValue): \(proposal.reason) (\(OptimizeFigures.words(proposal.figures))): \(proposal.command)"
            )
        }
        guard apply else { return context.say("--apply makes these so") }
        let chosen = advice.proposals.filter { proposal in
            only.isEmpty || only.contains { $0.rawValue == proposal.kind.rawValue }
        }
        guard !chosen.isEmpty else {
            throw Failure(
                code: "NotProposed", message: "none of the proposals is called so",
                suggestions: advice.proposals.map(\.kind.rawValue))
        }
        try apply(chosen.map(\.kind), advice, loaded, context)
    }

    /// What the advice must know of a model.
    private static func facts(of model: PaliGemma) -> ArchitectureAdvice.Model {
        let trained = model.parameters.trainable.map(\.name)
        return ArchitectureAdvice.Model(
            imageSize: model.configuration.vision.imageSize, patchSize: model.configuration.vision.patchSize,
            rank: model.adapter?.r, adaptsVision: trained.contains { $0.hasPrefix("vision_tower.") },
            trainsProjector: trained.contains { $0.hasPrefix("multi_modal_projector.") })
    }

    private func show(_ advice: ArchitectureAdvice, _ evaluated: EvaluatedSplit, _ context: CommandContext) {
        var table = Table("longer side in patches", "targets", "found well", "mean IoU of those")
        for row in advice.sizes where row.targetCount > 0 {
            table.add([
                "\(row.name)", "\(row.targetCount)", "\(row.recall, .percent(1))",
                row.meanIoU.isNaN ? "-" : "\(row.meanIoU, .fixed(3))",
            ])
        }
        context.emit(.table(table))
        func score(_ value: Double?) -> Text { value.map { "\($0, .fixed(4))" } ?? "-" }
        let kinds = DetectionErrors.Kind.allCases.map { "\($0.rawValue) \(advice.errors.total($0))" }
        context.emit(
            .fields(
                Fields([
                    ("evaluated", "\(evaluated.split.rawValue)"),
                    (
                        "AP small / medium / large",
                        score(advice.map.small.map50To95) + " / " + score(advice.map.medium.map50To95) + " / "
                            + score(advice.map.large.map50To95)
                    ),
                    ("AP at 0.50 / 0.75", score(advice.map.all.map50) + " / " + score(advice.map.all.map75)),
                    ("mean IoU", advice.meanIoU.isNaN ? "-" : "\(advice.meanIoU, .fixed(3))"),
                    ("errors", "\(kinds.joined(separator: ", "))"),
                ])))
    }
}

extension OptimizeArchitectureCommand {
    private func apply(
        _ kinds: [ArchitectureAdvice.Kind], _ advice: ArchitectureAdvice, _ loaded: LoadedModel,
        _ context: CommandContext
    ) throws {
        if kinds.contains(.tiles) {
            var defaults = context.commandDefaults
            for command in [EvaluateCommand.name, InferCommand.name] { defaults.set("tiles", of: command, to: "2x2") }
            context.commandDefaults = defaults
            context.say("`evaluate` and `infer` look in 2x2 tiles from here on")
        }
        var loaded = loaded
        if kinds.contains(.resolution), let size = advice.imageSize {
            let model = try loaded.model.resized(toImageSize: size)
            loaded = LoadedModel(model, folder: loaded.folder)
            context.workspace[ModelSlot.self] = loaded
            let patches = model.configuration.vision.patchCount
            context.say("the model reads \(size)x\(size) pixels, \(patches.grouped) patches")
            context.letProcessorFollow(model.configuration)
        }
        let changesAdapter = kinds.contains(.visionAttention) || kinds.contains(.rank)
        let isAdapted = loaded.model.adapter != nil
        if changesAdapter || kinds.contains(.projector) && isAdapted {
            try adapt(loaded, kinds, context)
        } else if kinds.contains(.projector) {
            let count = loaded.model.parameters.unfreeze { $0.name.hasPrefix("multi_modal_projector.") }
            loaded.noteChange()
            context.say("the projector learns: \(count) tensors")
        }
        context.say(loaded.model.parameters.trainableShare)
    }

    /// Attaches the adapter that the proposals ask for; what an earlier one learned goes into the weights first.
    private func adapt(
        _ loaded: LoadedModel, _ kinds: [ArchitectureAdvice.Kind], _ context: CommandContext
    ) throws {
        let earlier = loaded.model.adapter
        if earlier != nil {
            _ = try loaded.model.mergeAdapter()
            context.say("merged the earlier adapter")
        }
        let rank = (earlier?.r ?? 8) * (kinds.contains(.rank) ? 2 : 1)
        let usual = TargetModules.suffixes(AdapterConfiguration.usualSuffixes)
        var configuration = AdapterConfiguration(
            r: rank, loraAlpha: Double(rank),
            targetModules: kinds.contains(.visionAttention) ? usual : earlier?.targetModules ?? usual,
            loraDropout: earlier?.loraDropout ?? 0, useRslora: earlier?.useRslora ?? false)
        configuration.useDora = earlier?.useDora ?? false
        configuration.modulesToSave = kinds.contains(.projector) ? ["multi_modal_projector"] : nil
        let paths = try loaded.model.attach(configuration, seed: context.seed)
        loaded.noteChange()
        let vision = paths.count { $0.hasPrefix("vision_tower.") }
        let whole = kinds.contains(.projector) ? ", and the projector whole" : ""
        context.say("adapted \(paths.count) linear layers with rank \(rank), \(vision) of the vision tower\(whole)")
    }
}

/// What can be changed about a model.
enum ArchitectureChoice: String, Choice {
    case tiles, resolution
    case visionAttention = "vision-attention"
    case projector, rank
}
