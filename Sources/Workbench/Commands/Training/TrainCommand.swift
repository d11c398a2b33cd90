import Console
import Models
import Training

/// `train`: fine-tunes the loaded model on the loaded data set.
struct TrainCommand: Command {
    static let name = "train"
    static let summary = "fine-tune the model on a split; options are named as in TrainingArguments"
    static let discussion = """
        Examples are shuffled anew each epoch by the session's seed. The vision tower and the projector, where frozen, run
        once for each picture, whose features are kept. Ctrl-C stops between two updates: the weights stay as they are, and
        `train --resume` goes on from there. With --compat hf-4.47.0 gradients of micro-batches are summed as that release
        did, not averaged over the labels of the group. Where memory runs short, or more than --memory-threshold of it is in use,
        the run goes on from the same update with half the batch and twice the accumulation, and layers computed again on the
        way back; it says so. --eval-strategy scores the valid split as the run goes; docs/training.md
        says what each option does.
        """
    static let examples = [
        "train --num-train-epochs 1 --max-steps 2 --learning-rate 5e-4 --per-device-train-batch-size 2"
    ]

    @Argument("the split to learn from") var split = SplitName.train
    @OptionGroup var options: TrainingOptions
    @OptionGroup var recipe: RecipeOptions
    @Flag("go on with the run that was interrupted") var resume = false
    @Option("go on from a checkpoint of this run; `last` takes the newest in --output-dir", completion: .folder)
    var resumeFromCheckpoint: Path?

    mutating func run(_ context: CommandContext) throws {
        if !resume { context.applyDefaults(to: self) }
        let trainer = try resume ? interruptedTrainer(context) : makeTrainer(context)
        let loaded = try context.loadedModel()
        let history = resume ? context.workspace[TrainerSlot.self]?.history : nil
        let report = try TrainingReport(context, trainer: trainer, folder: loaded.folder, history: history)
        let interrupt = context.interrupt
        let backend = loaded.model.backend
        trainer.memoryWatch =
            options.memoryThreshold < 1
            ? MemoryWatch(threshold: options.memoryThreshold) { MemoryFigures.uses(of: backend) } : nil
        if !context.session.makeRoom(overwriting: trainer.keptStorages, context) { trainer.forgetKeptStates() }
        defer { loaded.noteChange() }
        context.tuning.noiseBoxes = trainer.arguments.noiseBoxes
        let keeper = TrainingKeeper(context)
        keeper?.restore(trainer)
        let outcome = try trainer.run(
            shouldStop: {
                keeper?.saveIfDue(trainer)
                return interrupt.isRequested || keeper?.hasEnded == true
            }, observe: report.receive)
        keeper?.save(trainer)
        if !outcome.isInterrupted { trainer.releaseWorkingMemory() }
        context.workspace[TrainerSlot.self] = TrainedRun(trainer: trainer, outcome: outcome, history: report.history)
        try report.finish(outcome)
        if outcome.isInterrupted {
            context.warn("stopped after update \(outcome.step) of \(outcome.totalSteps); `train --resume` goes on")
            try interrupt.check()
        }
    }

    private func makeTrainer(_ context: CommandContext) throws -> Trainer {
        let (model, processor) = (try context.loadedModel(), try context.loadedProcessor())
        var arguments = options.arguments(
            seed: options.seed ?? context.seed, outputDir: options.outputDir.map(context.resolveOutput),
            loggingDir: options.loggingDir.map(context.resolveOutput))
        arguments.noiseBoxes = try recipe.noiseBoxes(split, context)
        arguments.classWeights = try recipe.classWeights(split, context)
        let trainer = try Trainer(
            model.model, processor.processor, examples: try context.examples(of: split), loader: processor.loader,
            evaluation: try evaluationSplit(arguments, context), arguments)
        guard let folder = resumeFromCheckpoint else { return trainer }
        try trainer.resume(from: checkpoint(folder, arguments, context))
        return trainer
    }

    /// The valid split, where the run is evaluated.
    private func evaluationSplit(
        _ arguments: TrainingArguments, _ context: CommandContext
    ) throws -> EvaluationSplit? {
        guard arguments.evalStrategy != .no else { return nil }
        return EvaluationSplit(
            examples: try context.examples(of: .valid), classes: try context.loadedDataset().classes)
    }

    private func checkpoint(_ path: Path, _ arguments: TrainingArguments, _ context: CommandContext) throws -> String {
        guard path.text == "last" else { return context.resolveInput(path) }
        guard let folder = arguments.outputDir, let last = Trainer.lastWholeCheckpoint(under: folder) else {
            throw Failure(code: "NoCheckpoint", message: "there is no whole checkpoint in --output-dir to resume from")
        }
        return last
    }

    private func interruptedTrainer(_ context: CommandContext) throws -> Trainer {
        guard let run = context.workspace[TrainerSlot.self], run.outcome.isInterrupted,
            run.trainer.model === (try context.loadedModel().model)
        else { throw Failure(code: "NothingToResume", message: "no run of this model was interrupted", next: "train") }
        return run.trainer
    }
}
