import Console
import Datasets
import Models

/// `inspect NAME`: one of the session's things, closely.
struct InspectCommand: Command {
    static let name = "inspect"
    static let summary = "show one thing of the session closely: what it is, where it came from, how it stands"
    static let discussion = """
        Names are processor, model, adapter, dataset, trainer, detections (of the last infer), predictions (of the last
        evaluate), state (the digest that replays compare), and variables.
        """
    static let examples = ["x = [1, 2]\ninspect x", "inspect state"]

    @Argument("a thing's or a variable's name", completion: .live(.variables)) var thing: String

    private static let things = [
        "processor", "model", "adapter", "dataset", "trainer", "detections", "predictions", "state",
    ]

    mutating func run(_ context: CommandContext) throws {
        switch thing {
        case "processor": context.emit(.fields(processor(try context.loadedProcessor())))
        case "model": context.emit(.fields(model(try context.loadedModel())))
        case "adapter": context.emit(.fields(try adapter(context.loadedModel().model)))
        case "dataset": context.emit(.fields(dataset(try context.loadedDataset())))
        case "trainer": context.emit(.fields(trainer(try lastRun(context))))
        case "detections": try showDetections(context)
        case "predictions": try showPredictions(context)
        case "state": context.emit(.fields(state(context.session.stateDigest)))
        default: try showVariable(context)
        }
    }

    private func showVariable(_ context: CommandContext) throws {
        guard let value = context.variables[thing] else {
            let names = Self.things + context.session.variables.keys
            throw Failure(
                code: "NoSuchName", message: "nothing here is called \(thing)",
                suggestions: Suggestions.nearest(to: thing, among: names), next: "vars")
        }
        context.emit(
            .fields(
                Fields([("name", Text(thing)), ("kind", Text(value.kindName)), ("value", Text(value.description))])))
    }

    private func lastRun(_ context: CommandContext) throws -> TrainedRun {
        guard let run = context.workspace[TrainerSlot.self] else {
            throw Failure(code: "NothingLoaded", message: "nothing was trained yet", next: "train")
        }
        return run
    }

    private func showDetections(_ context: CommandContext) throws {
        guard let shown = context.workspace[DetectionsSlot.self] else {
            throw Failure(code: "NothingLoaded", message: "nothing was detected yet", next: "infer 'test[0]'")
        }
        context.say("\(shown.detections.count) objects in \(shown.image)")
        if !shown.detections.isEmpty { context.emit(.table(shown.detections.table)) }
    }

    private func showPredictions(_ context: CommandContext) throws {
        guard let evaluated = context.workspace[PredictionsSlot.self] else {
            throw Failure(code: "NothingLoaded", message: "nothing was evaluated yet", next: "evaluate test")
        }
        var table = Table("image", "found", "there")
        for (image, scored) in zip(evaluated.predictions, evaluated.images) {
            table.add([Text(image.image), "\(scored.predictions.count)", "\(scored.targets.count)"])
        }
        context.say("predictions for \(evaluated.split.rawValue)")
        context.emit(.table(table))
    }
}

extension InspectCommand {
    private func processor(_ loaded: LoadedProcessor) -> Fields {
        let processor = loaded.processor
        return Fields([
            ("folder", Text(.path(loaded.folder))),
            (
                "pictures",
                "\(processor.pixels.imageSize)x\(processor.pixels.imageSize) pixels, resampled \("\(processor.pixels.filter)")"
            ),
            ("orientation", loaded.exif == .apply ? "applied" : "ignored"),
            ("image tokens", "\(processor.imageTokenCount)"),
            ("tokens", "\(processor.tokenizer.vocabularySize.grouped)"),
            ("rows as in", "\(processor.compatibility.rawValue)"),
            (
                "features kept",
                "\(Quantity.byteText(loaded.loader.cache.byteCount)) of \(Quantity.byteText(loaded.loader.cache.budget))"
            ),
        ])
    }

    private func model(_ loaded: LoadedModel) -> Fields {
        let model = loaded.model
        let parameters = model.parameters
        let frozen = Set(
            parameters.parameters.filter { !$0.isTrainable }.compactMap {
                $0.name.split(separator: ".").first.map(String.init)
            })
        let masters = parameters.parameters.filter { $0.master != nil }.count
        return Fields([
            ("folder", Text(.path(loaded.folder))), ("type", "\(model.elementType.name)"),
            ("device", Text(.host(model.backend.device.signature))),
            ("parameters", "\(parameters.elementCount.grouped) in \(parameters.parameters.count) tensors"),
            ("trained", "\(parameters.trainableElementCount.grouped) in \(parameters.trainable.count) tensors"),
            ("frozen in", frozen.isEmpty ? "nothing" : "\(frozen.sorted().joined(separator: ", "))"),
            ("weights", "\(Quantity.byteText(parameters.byteCount)), \(masters) tensors with a float32 copy"),
            ("adapter", model.adapter.map { "LoRA r=\($0.r)" } ?? "none"),
        ])
    }

    private func adapter(_ model: PaliGemma) throws -> Fields {
        guard let adapter = model.adapter else {
            throw Failure(code: "NothingLoaded", message: "the model has no adapter", next: "model adapt")
        }
        let weights = model.parameters.parameters.filter { $0.name.contains(".lora_") }
        return Fields([
            ("rank", "\(adapter.r)"), ("alpha", "\(adapter.loraAlpha, .shortest)"),
            ("dropout", "\(adapter.loraDropout, .shortest)"),
            ("scaled by", adapter.useRslora ? "alpha / sqrt(r)" : "alpha / r"),
            ("targets", "\(adapter.targetModules)"), ("adapted layers", "\(weights.count / 2)"),
            ("parameters", "\(weights.reduce(0) { $0 + $1.count }.grouped)"),
        ])
    }

    private func dataset(_ dataset: DetectionDataset) -> Fields {
        var fields = Fields([("folder", Text(.path(dataset.folder)))])
        for split in DatasetSplit.allCases where !dataset.examples(split).isEmpty {
            let examples = dataset.examples(split)
            let boxes = examples.reduce(0) { $0 + $1.detections.count }
            fields.add(split.rawValue, "\(examples.count) images, \(boxes) boxes")
        }
        fields.add("classes", "\(dataset.classes.count): \(dataset.classes.joined(separator: ", "))")
        fields.add("left out", "\(dataset.rejectedRows.count) rows")
        return fields
    }

    private func trainer(_ run: TrainedRun) -> Fields {
        let (trainer, outcome) = (run.trainer, run.outcome)
        let arguments = trainer.arguments
        return Fields([
            ("updates", "\(outcome.step) of \(outcome.totalSteps)"),
            ("ended", outcome.isInterrupted ? "interrupted; train --resume goes on" : "finished"),
            ("last loss", trainer.lossByStep.last.map { "\($0.loss, .fixed(4)) at update \($0.step)" } ?? "none"),
            ("mean loss", "\(outcome.meanLoss, .fixed(4))"), ("skipped", "\(outcome.skippedSteps) updates"),
            ("examples", "\(trainer.examples.count)"),
            (
                "batch size",
                "\(arguments.perDeviceTrainBatchSize) x \(arguments.gradientAccumulationSteps) accumulated"
            ),
            (
                "learning rate",
                "\(arguments.learningRate, .scientific(2)), \(arguments.lrSchedulerType.rawValue), \(arguments.warmupSteps) warm-up"
            ),
            ("optimizer", "\(arguments.optim.rawValue)"), ("seed", "\(String(arguments.seed))"),
        ])
    }

    private func state(_ digest: StateDigest) -> Fields {
        var fields = Fields([("digest", Text(digest.text))])
        let slots = Dictionary(grouping: digest.parts) { $0.name.split(separator: ".").first.map(String.init) ?? "" }
        for (slot, parts) in slots.sorted(by: { $0.key < $1.key }) {
            fields.add(slot, Text(String(StateDigest(parts).text)))
        }
        return fields
    }
}
