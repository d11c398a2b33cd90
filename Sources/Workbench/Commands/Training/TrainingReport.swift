import Console
import Images
import Training

/// Says what a training run does, as it goes.
final class TrainingReport {
    private let context: CommandContext
    private let trainer: Trainer
    private let start: Double

    init(_ context: CommandContext, trainer: Trainer) {
        self.context = context
        self.trainer = trainer
        start = context.now()
    }

    /// Takes what the trainer tells.
    func receive(_ event: TrainingEvent) {
        switch event {
        case .started(let banner): show(banner)
        case .updated(let status): update(status)
        case .logged(let entry): show(entry)
        case .saved(let folder, let removed):
            let rest = removed.isEmpty ? "" : ", removed \(removed.count) older"
            context.say("saved checkpoint \(.path(folder))\(rest)")
        }
    }

    /// The last lines, and the picture of the loss.
    func finish(_ outcome: TrainingOutcome) throws {
        let seconds = context.now() - start
        var fields = Fields([
            ("updates", "\(outcome.step) of \(outcome.totalSteps)"),
            ("mean loss", "\(outcome.meanLoss, .fixed(4))"),
            ("time", Text(.duration(seconds))),
        ])
        if outcome.skippedSteps > 0 { fields.add("skipped", "\(outcome.skippedSteps) updates that were not finite") }
        context.emit(.fields(fields))
        let losses = trainer.lossByStep.map { Canvas.Point(x: Double($0.step), y: $0.loss) }
        guard losses.count > 1 else { return }
        let chart = LineChart(
            title: "Training loss", xLabel: "update", yLabel: "loss", series: [.init(name: "loss", points: losses)])
        let image = try context.save(chart.makeImage(), alt: "training loss over \(losses.count) updates")
        context.emit(
            .chart(
                Chart(
                    title: "Training loss", xLabel: "update", yLabel: "loss",
                    series: [.init(name: "loss", x: losses.map(\.x), y: losses.map(\.y))], image: image)))
    }

    private func show(_ banner: TrainingBanner) {
        context.say("***** Running training *****")
        var fields = Fields([
            ("examples", "\(banner.exampleCount)"),
            ("epochs", "\(banner.epochs, .fixed(2))"),
            ("batch size", "\(banner.batchSize) x \(banner.accumulation) accumulated = \(banner.totalBatchSize)"),
            ("updates", "\(banner.totalSteps)"),
            ("trainable parameters", "\(banner.trainableCount.grouped) of \(banner.parameterCount.grouped)"),
        ])
        if banner.firstStep > 0 { fields.add("going on from", "update \(banner.firstStep)") }
        context.emit(.fields(fields))
    }

    private func update(_ status: TrainingStatus) {
        let seconds = max(context.now() - start, 1e-9)
        context.report(
            Progress(
                label: "train", completed: status.step, total: status.totalSteps,
                facts: "loss \(status.update.loss, .fixed(4))",
                rate: .rate(Double(status.exampleCount) / seconds, unit: "img/s"), elapsed: seconds,
                isFinished: status.step == status.totalSteps))
    }

    private func show(_ entry: LogEntry) {
        context.say(
            """
            step \(entry.step)  epoch \(entry.epoch, .fixed(2))  loss \(entry.loss, .fixed(4))  \
            learning_rate \(entry.learningRate, .scientific(2))  grad_norm \(entry.gradientNorm, .fixed(4))
            """)
    }
}
