import Console
import Datasets
import Training

/// `optimize strategy`: class weights, learning rate and batch size from figures.
struct OptimizeStrategyCommand: Command {
    static let name = "optimize strategy"
    static let summary = "choose class weights, learning rate and batch size by balance, convergence and gradient noise"
    static let discussion = """
        Class weights follow from the boxes of the train split. The learning rate follows from the last run: how soon its loss
        had made nine tenths of its fall, and how noisy it is. The batch size follows from the simple noise scale of McCandlish
        et al. (2018), tr(Σ) / |G|², measured here at the present weights from the gradients of micro-batches and of groups of
        them. --apply makes the proposals the defaults of the next `train`; options on its line go first.
        """
    static let examples = ["optimize strategy", "optimize strategy --groups 1 --micro-batches 2 --apply"]

    @Flag("make the proposals the defaults of `train`") var apply = false
    @Option("examples of a micro-batch of the measurement", in: 1...1024) var batchSize = 1
    @Option("micro-batches of a group", in: 2...1024) var microBatches = 8
    @Option("groups to measure; 0 leaves the noise of gradients out", in: 0...1000) var groups = 4

    mutating func run(_ context: CommandContext) throws {
        let dataset = try context.loadedDataset()
        let examples = try context.examples(of: .train)
        let run = context.workspace[TrainerSlot.self]
        let arguments = run?.trainer.arguments ?? usualArguments(context)
        let counts = DatasetStatistics(examples, classes: dataset.classes).classes.map(\.boxCount)
        let report = run.map { MonitorReport($0.history) }
        let noise = try noise(examples, arguments, context)
        show(counts, dataset, report, noise, context)
        let advice = StrategyAdvice(
            arguments, boxCounts: counts, exampleCount: examples.count, report: report, noise: noise)
        guard !advice.changes.isEmpty else {
            return context.say("nothing to change: the figures agree with the arguments")
        }
        var table = Table("option", "now", "proposed", "because")
        for change in advice.changes {
            table.add(["--\(change.option)", "\(change.present)", "\(change.proposed)", "\(change.reason)"])
        }
        context.emit(.table(table))
        for change in advice.changes {
            context.say("--\(change.option): \(OptimizeFigures.words(change.figures))")
        }
        guard apply else {
            return context.say("--apply makes these the defaults of `train`")
        }
        var defaults = context.commandDefaults
        for change in advice.changes { defaults.set(change.option, of: TrainCommand.name, to: change.proposed) }
        context.commandDefaults = defaults
        context.say("set for the next `train`; `optimize defaults --clear` takes them back")
    }

    /// What `train` would take without options.
    private func usualArguments(_ context: CommandContext) -> TrainingArguments {
        TrainingOptions().arguments(seed: context.seed, outputDir: nil, loggingDir: nil)
    }

    private func noise(
        _ examples: [DetectionExample], _ arguments: TrainingArguments, _ context: CommandContext
    ) throws -> GradientNoise? {
        guard groups > 0, let loaded = context.workspace[ModelSlot.self] else { return nil }
        guard !loaded.model.parameters.trainable.isEmpty else {
            context.say("the noise of gradients is not measured: every weight is frozen")
            return nil
        }
        let processor = try context.loadedProcessor()
        let start = context.now()
        let interrupt = context.interrupt
        let noise = try GradientProbe(
            loaded.model, processor.processor, examples: examples, loader: processor.loader, arguments
        ).noise(
            size: batchSize, microBatches: microBatches, groups: groups, seed: context.seed,
            shouldStop: { interrupt.isRequested }
        ) { done, total in
            context.report(
                Progress(
                    label: "gradients", completed: done, total: total, elapsed: context.now() - start,
                    isFinished: done == total))
        }
        try interrupt.check()
        return noise
    }

    private func show(
        _ counts: [Int], _ dataset: DetectionDataset, _ report: MonitorReport?, _ noise: GradientNoise?,
        _ context: CommandContext
    ) {
        let present = zip(dataset.classes, counts).filter { $0.1 > 0 }.sorted { $0.1 < $1.1 }
        var fields = Fields()
        if let fewest = present.first, let most = present.last {
            let median = present[present.count / 2].1
            fields.add("boxes of a class", "\(fewest.1) (\(fewest.0)) to \(most.1) (\(most.0)), median \(median)")
        }
        if let report {
            fields.add("loss of the last run", report.trend.words)
            if let step = report.trend.convergedStep {
                fields.add("converged", "nine tenths of the fall by update \(step) of \(report.history.totalSteps)")
            }
        } else {
            fields.add("last run", "none: the learning rate is left alone")
        }
        if let noise {
            fields.add(
                "gradients",
                """
                mean square \(noise.smallSquare, .fixed(4)) of \(Int(noise.smallBatch)) examples, \
                \(noise.largeSquare, .fixed(4)) of \(Int(noise.largeBatch))
                """)
            fields.add(
                "noise scale",
                noise.simpleScale.map { scale in
                    scale.isFinite ? "\(scale, .fixed(1)) examples" : "beyond what these groups can tell"
                } ?? "not to be told from these groups")
        }
        context.emit(.fields(fields))
    }
}

/// Figures as words.
enum OptimizeFigures {
    static func words(_ figures: [MonitorReport.Figure]) -> String {
        figures.map { "\($0.name) \(MonitorReportFields.number($0.value))" }.joined(separator: ", ")
    }
}
