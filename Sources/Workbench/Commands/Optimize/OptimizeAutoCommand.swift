import Console
import Datasets
import Detection
import JSON
import Models
import Training

/// `optimize auto`: a search over configurations, and the model trained with the best.
struct OptimizeAutoCommand: Command {
    static let name = "optimize auto"
    static let summary = "search learning rate, rank, targets, epochs, batch, augmentation, and train with the best"
    static let discussion = """
        Successive halving: --budget configurations, the first of them the walkthrough's, train for a quarter of their epochs
        from the loaded weights and are scored on the valid split; the better half trains anew for longer, and so on. The model
        is then trained with the best, --average times, each with a seed of its own, and takes the mean of the weights if that
        does no worse on the valid split than the first. Which configurations there are follows from the seed. Each result is
        on disk in --output-dir when it is there: the same command goes on after a kill, and a finished search is not made
        twice. docs/optimizing.md says what is chosen from.
        """
    static let examples = ["optimize auto --budget 8 --metric map50"]

    @Option("configurations of the first round", in: 1...1000) var budget = 8
    @Option("what is compared, on the valid split") var metric = BestMetricChoice.map50
    @Option("where results, and varied copies of pictures, are kept", completion: .folder)
    var outputDir = Path("out/search")
    @Option("what may be trained: the language model, or adapters on its layers, on its attention, on all usual layers")
    var targets: [TargetChoice] = [.languageModel, .language, .attention]
    @Option("epochs to choose from") var epochs: [Double] = [3, 4, 5]
    @Option("what may be varied about the examples") var augmentations: [AugmentationChoice] = [
        .none, .orders, .pictures, .both,
    ]
    @Option("trainings by the best configuration that the model becomes the mean of; 1 for no mean", in: 1...100)
    var average = 3
    @Flag("throw away what an earlier search left in --output-dir") var restart = false
    @Flag("leave the model as it was when the search ends") var searchOnly = false
    @Flag("print the report as JSON instead") var json = false
    @Option("write the report as one HTML page with charts", completion: .file(extensions: ["html"])) var html: Path?

    mutating func run(_ context: CommandContext) throws {
        let (loaded, processor) = (try context.loadedModel(), try context.loadedProcessor())
        let folder = context.resolveOutput(outputDir)
        try FileAccess.makeFolder(folder)
        let space = try space()
        let examples = try context.examples(of: .train)
        let evaluation = EvaluationSplit(
            examples: try context.examples(of: .valid), classes: try context.loadedDataset().classes)
        let runner = try TrialRunner(
            loaded.model, processor.processor, loader: processor.loader, examples: examples,
            copies: space.augmentations.contains(where: \.usesPictures) ? try copies(folder, context) : [],
            evaluation: evaluation, seed: context.seed)
        let metric = TrainingArguments.BestMetric(rawValue: metric.rawValue) ?? .map50
        let journal = try TrialJournal(
            folder: folder,
            .init(
                seed: context.seed, budget: budget, metric: metric.rawValue, space: space,
                model: Self.identity(of: loaded), trainExamples: examples.count,
                validExamples: evaluation.examples.count),
            restarts: restart)
        let search = try ConfigurationSearch(
            budget: budget, metric: metric, space: space, seed: context.seed, runner: runner, journal: journal)
        let ranked = try self.search(search, context)
        guard let best = ranked.first else { return }
        var report = SearchReport(results: journal.results, best: best, metric: metric, plan: search.plan)
        if !searchOnly {
            if average > 1 { report.averaged = try average(best, runner, metric, loaded, context) }
            if report.averaged?.isTaken != true { try train(best, runner, loaded, context) }
        }
        if let html {
            try FileAccess.write(Array(SearchPage(report).text.utf8), to: context.resolveOutput(html))
            context.say("wrote \(.path(html.text))")
        }
        if json { return context.say("\(report.json.text(.pretty))") }
        try report.show(context)
        context.say("one training by hand: \(commands(best, runner).joined(separator: "; "))")
    }

    /// What tells models apart whose results cannot be compared.
    private static func identity(of loaded: LoadedModel) -> String {
        let (name, model) = (Paths.name(of: loaded.folder), loaded.model)
        let size = model.configuration.vision.imageSize
        return "\(name) \(model.parameters.elementCount) \(size) \(model.elementType.name) "
            + model.backend.device.signature
    }

    private func space() throws -> SearchSpace {
        var space = SearchSpace()
        space.targets = targets.compactMap { TrialSettings.Targets(rawValue: $0.rawValue) }
        space.epochs = epochs
        space.augmentations = augmentations.compactMap { TrialSettings.Augmentation(rawValue: $0.rawValue) }
        guard space.isComplete, epochs.allSatisfy({ $0 > 0 && $0 <= 10_000 }) else {
            throw Failure(
                code: "NothingToChoose", message: "targets, epochs (above zero) and augmentations need a value each",
                next: "help optimize auto")
        }
        return space
    }

    /// Varied copies of the train split's pictures, written once for a seed.
    private func copies(_ folder: String, _ context: CommandContext) throws -> [DetectionExample] {
        let dataset = try context.loadedDataset()
        let examples = dataset.examples(.train)
        let count = examples.count
        let place = Paths.join(folder, copiesName(context.seed))
        if let known = try? DetectionDataset.load(folder: place, format: .paligemma).examples(.train),
            known.count == 2 * count, known.prefix(count).map(\.suffix) == examples.map(\.suffix)
        {
            return Array(known.dropFirst(count))
        }
        let plan = EnhancementPlan(varying: dataset, seed: context.seed)
        let written = try EnhancedDatasetWriter(dataset, plan).write(
            to: place, replaces: true, progress: context.pictureCounter("vary"))
        try context.interrupt.check()
        return Array((written?.examples(.train) ?? []).dropFirst(count))
    }

    private func copiesName(_ seed: UInt64) -> String { "copies-\(seed)" }

    /// Runs the search; stops the cell where somebody asked to.
    private func search(_ search: ConfigurationSearch, _ context: CommandContext) throws -> [TrialResult] {
        let interrupt = context.interrupt
        let start = context.now()
        var label = ""
        let ranked = try search.run(now: context.now, shouldStop: { interrupt.isRequested }) { event in
            switch event {
            case .started(_, _, _, _, let number, let total): label = "training \(number) of \(total)"
            case .training(.updated(let status)):
                context.report(
                    Progress(
                        label: label, completed: status.step, total: status.totalSteps,
                        facts: "loss \(status.update.loss, .fixed(4))", elapsed: context.now() - start,
                        isFinished: status.step == status.totalSteps))
            case .training: break
            case .ended(let result, let isKnown):
                let source: Text = isKnown ? " (from \(outputDir.text))" : ""
                context.say(
                    """
                    round \(result.rung)  configuration \(result.trial)  map50 \(result.map50, .fixed(4))  \
                    map50_95 \(result.map50To95, .fixed(4))  eval_loss \(result.evalLoss, .fixed(4))
                    """ + source)
            case .advanced(let rung, let trials):
                context.say("round \(rung) ends; on go \(trials.map(String.init).joined(separator: ", "))")
            }
        }
        guard let ranked else {
            context.warn("stopped; the same command goes on from \(outputDir.text)")
            try interrupt.check()
            return []
        }
        return ranked
    }

    /// Makes the loaded model the mean of several trainings with a configuration, if that does no worse than one.
    private func average(
        _ best: TrialResult, _ runner: TrialRunner, _ metric: TrainingArguments.BestMetric, _ loaded: LoadedModel,
        _ context: CommandContext
    ) throws -> AveragedTrial? {
        defer { loaded.noteChange() }
        let (interrupt, count, start) = (context.interrupt, average, context.now())
        let averaged = try runner.average(
            best, count: count, by: metric, now: context.now, shouldStop: { interrupt.isRequested }
        ) { number, event in
            guard case .updated(let status) = event else { return }
            context.report(
                Progress(
                    label: "training \(number) of \(count) for the mean", completed: status.step,
                    total: status.totalSteps, facts: "loss \(status.update.loss, .fixed(4))",
                    elapsed: context.now() - start, isFinished: status.step == status.totalSteps))
        }
        guard let averaged else {
            context.warn("stopped; the same command goes on from \(outputDir.text)")
            try interrupt.check()
            return nil
        }
        guard averaged.isTaken else { return averaged }
        if let finished = runner.finished(best.trial) { note(finished, loaded, context) }
        context.say("the model is the mean of \(count) trainings with configuration \(best.trial), the best")
        return averaged
    }

    /// Leaves a finished training for the commands that look at the last one.
    private func note(_ finished: FinishedTrial, _ loaded: LoadedModel, _ context: CommandContext) {
        context.tuning.noiseBoxes = nil
        loaded.noteChange()
        var history = finished.history
        history.model = Paths.name(of: loaded.folder)
        context.workspace[TrainerSlot.self] = TrainedRun(
            trainer: finished.trainer, outcome: finished.outcome, history: history)
    }

    /// Trains the loaded model with a configuration, as `train` does.
    private func train(
        _ best: TrialResult, _ runner: TrialRunner, _ loaded: LoadedModel, _ context: CommandContext
    ) throws {
        if let finished = runner.restoreFinished(best.trial) {
            note(finished, loaded, context)
            return context.say("the model is the one that configuration \(best.trial), the best, has trained")
        }
        context.tuning.noiseBoxes = nil
        context.say("training with configuration \(best.trial), the best")
        let trainer = try runner.trainer(best.settings)
        let report = try TrainingReport(context, trainer: trainer, folder: loaded.folder, history: nil)
        defer { loaded.noteChange() }
        let interrupt = context.interrupt
        let outcome = try trainer.run(shouldStop: { interrupt.isRequested }, observe: report.receive)
        if !outcome.isInterrupted { trainer.releaseWorkingMemory() }
        context.workspace[TrainerSlot.self] = TrainedRun(trainer: trainer, outcome: outcome, history: report.history)
        try report.finish(outcome)
        if outcome.isInterrupted {
            context.warn("stopped after update \(outcome.step) of \(outcome.totalSteps); `train --resume` goes on")
            try interrupt.check()
        }
    }

    /// The commands that train the best by hand.
    private func commands(_ best: TrialResult, _ runner: TrialRunner) -> [String] {
        let settings = best.settings
        let arguments = runner.arguments(settings)
        var lines: [String] = []
        if settings.augmentation.usesPictures {
            lines.append("dataset load \(Paths.join(outputDir.text, copiesName(arguments.seed)))")
        }
        let rank = settings.rank ?? 8
        switch settings.targets {
        case .languageModel: lines.append("model freeze vision_tower multi_modal_projector")
        case .language: lines.append("model adapt --r \(rank) --language-only")
        case .attention:
            lines.append("model adapt --r \(rank) --language-only --target-modules q_proj,k_proj,v_proj,o_proj")
        case .all: lines.append("model adapt --r \(rank)")
        }
        let orders = arguments.packedOrders > 1 ? " --packed-orders \(arguments.packedOrders)" : ""
        lines.append(
            "train --num-train-epochs \(arguments.numTrainEpochs) --per-device-train-batch-size \(settings.batchSize) --learning-rate \(settings.learningRate) --warmup-ratio \(arguments.warmupRatio) --weight-decay 0 --save-strategy no\(orders)"
        )
        return lines
    }
}

/// What a search may train.
enum TargetChoice: String, Choice {
    case languageModel = "language-model"
    case language, attention, all
}

/// What a search may vary about the examples.
enum AugmentationChoice: String, Choice {
    case none, orders, pictures, both
}
