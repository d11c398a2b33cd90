import Console
import Images
import Training

/// Says what a training run does, as it goes.
final class TrainingReport {
    private let context: CommandContext
    private let trainer: Trainer
    private let start: Double
    /// The updates that were made before this run took them up.
    private var firstStep = 0
    private var lastEvent: Double
    /// When the evaluation began that is going on.
    private var evaluationStart: Double?
    private let logs: RunLogs?
    /// What the run did so far.
    private(set) var history: RunHistory

    /// Opens the logs that the run asks for.
    ///
    /// - Parameters:
    ///   - folder: where the model came from.
    ///   - history: of the same run, where it was interrupted.
    init(_ context: CommandContext, trainer: Trainer, folder: String, history: RunHistory?) throws {
        self.context = context
        self.trainer = trainer
        start = context.now()
        lastEvent = start
        let name = folder.split(separator: "/").last.map(String.init) ?? folder
        var kept = history ?? RunHistory(model: name)
        kept.cost = StepCost(trainer.model)
        kept.maxGradNorm = trainer.arguments.maxGradNorm
        self.history = kept
        let wallTime = context.session.surroundings.wallTime
        logs =
            trainer.arguments.reportTo.isEmpty
            ? nil
            : try RunLogs(
                trainer.arguments, model: name, firstStep: trainer.engine.step,
                scalesLosses: trainer.engine.scaler != nil, exif: context.loadedProcessor().exif, wallTime: wallTime)
    }

    /// Takes what the trainer tells.
    func receive(_ event: TrainingEvent) {
        let now = context.now()
        history.receive(event, elapsed: now - lastEvent)
        let eventBefore = lastEvent
        lastEvent = now
        logs?.receive(event)
        switch event {
        case .started(let banner):
            firstStep = banner.firstStep
            show(banner)
        case .updated(let status): update(status)
        case .logged(let entry): show(entry)
        case .evaluating(let completed, let total):
            let began = evaluationStart ?? eventBefore
            evaluationStart = completed == total ? nil : began
            context.report(
                Progress(
                    label: "evaluate", completed: completed, total: total, elapsed: now - began,
                    isFinished: completed == total))
        case .evaluated(let record, let isBest, _): show(record, isBest: isBest)
        case .stoppedEarly(let step, let count):
            context.say("stopped early after update \(step): \(count) evaluations in a row were not better")
        case .loadedBest(let step, let folder):
            context.say("took back the weights of update \(step), the best evaluation, from \(.path(folder))")
        case .shrunk(let change): context.warn(change.words)
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
        if let scaler = trainer.engine.scaler { fields.add("loss scale", "\(scaler.scale, .shortest)") }
        context.emit(.fields(fields))
        let losses = trainer.lossByStep.map { Canvas.Point(x: Double($0.step), y: $0.loss) }
        if !outcome.isInterrupted { try logs?.finish() }
        if let failure = logs?.failure { context.warn("logs are not whole: \(failure.description)") }
        for path in logs?.paths ?? [] { context.say("log \(.path(path))") }
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

    /// The banner in transformers' words, and the first row that is learned from.
    private func show(_ banner: TrainingBanner) {
        context.say(
            """
            ***** Running training *****
              Num examples = \(banner.exampleCount.grouped)
              Num Epochs = \(Int(banner.epochs.rounded(.up)).grouped)
              Instantaneous batch size per device = \(banner.batchSize.grouped)
              Total train batch size (w. parallel, distributed & accumulation) = \(banner.totalBatchSize.grouped)
              Gradient Accumulation steps = \(banner.accumulation)
              Total optimization steps = \(banner.totalSteps.grouped)
              Number of trainable parameters = \(banner.trainableCount.grouped)
            """)
        if banner.firstStep > 0 { context.say("going on from update \(banner.firstStep)") }
        let row = banner.firstRow
        var fields = Fields([
            ("first row", "\(row.imageName): \(row.learnedCount) of \(row.tokenCount) tokens are learned")
        ])
        for part in row.parts { fields.add(part.isLearned ? "learned" : "read only", "\(part.text)") }
        context.emit(.fields(fields))
    }

    private func show(_ record: EvaluationRecord, isBest: Bool) {
        func score(_ value: Double?) -> Text { value.map { "\($0, .fixed(4))" } ?? "-" }
        let best: Text = isBest ? "  best so far" : ""
        context.say(
            """
            step \(record.step)  epoch \(record.epoch, .fixed(2))  eval_loss \(record.loss, .fixed(4))  \
            map50_95 \(score(record.map50To95))  map50 \(score(record.map50))\(best)
            """)
        var table = Table("class", "boxes", "ap50_95", "ap50", "ap75")
        for item in record.classes where item.targetCount > 0 {
            table.add([
                "\(item.name)", "\(item.targetCount)", score(item.ap50To95), score(item.ap50), score(item.ap75),
            ])
        }
        context.emit(.table(table))
    }

    private func update(_ status: TrainingStatus) {
        let seconds = max(context.now() - start, 1e-9)
        context.report(
            Progress(
                label: "train", completed: status.step, after: firstStep, total: status.totalSteps,
                facts: "loss \(status.update.loss, .fixed(4))",
                rate: .rate(Double(status.exampleCount) / seconds, unit: "img/s"), elapsed: seconds,
                isFinished: status.step == status.totalSteps))
    }

    private func show(_ entry: LogEntry) {
        var scaling: Text = ""
        if let scale = entry.lossScale, let skipped = entry.skippedUpdates {
            scaling = "  loss_scale \(scale, .shortest)  skipped \(skipped)"
        }
        context.say(
            """
            step \(entry.step)  epoch \(entry.epoch, .fixed(2))  loss \(entry.loss, .fixed(4))  \
            learning_rate \(entry.learningRate, .scientific(2))  grad_norm \(entry.gradientNorm, .fixed(4))\(scaling)
            """)
    }
}

extension PlanChange {
    /// Why the plan changed, and how.
    var words: Text {
        let cause: Text =
            switch reason {
            case .threshold(let use, let share):
                "\(use.place) memory: \(.memory(use.used)) of \(.memory(use.limit)) in use, over \(share, .percent(0))"
            case .outOfMemory(let what, let byteCount): "out of memory: no \(.memory(byteCount)) for \(what)"
            }
        var changes: [String] = []
        if isEvaluation { changes.append("evaluation batches of \(after.evalBatchSize.counting("example"))") }
        if after.batchSize != before.batchSize {
            changes.append("batch \(before.batchSize) -> \(after.batchSize), accumulation -> \(accumulation)")
        }
        if after.gradientCheckpointing != before.gradientCheckpointing {
            changes.append("layers computed again on the way back")
        }
        if after.keepsFeatures != before.keepsFeatures { changes.append("features no longer kept") }
        let place = isEvaluation ? "evaluation after update \(step)" : "update \(step + 1)"
        return "\(cause); going on with \(place): \(changes.joined(separator: ", "))"
    }
}
