import Console
import Images
import Tensors
import Training

/// Says what a pretraining does, as it goes.
final class PretrainingReport {
    private let context: CommandContext
    private let pretrainer: Pretrainer
    private let logs: PretrainingLogs
    private let start: Double
    private let firstSamples: Int
    /// Watches one update of the run, if anybody wants to know.
    var kernelWatch: KernelWatch?
    /// The updates between which kernels are watched: the first ones compile.
    private static let watched = (after: 9, until: 10)

    /// Opens the logs that the run asks for.
    init(_ context: CommandContext, _ pretrainer: Pretrainer) throws {
        (self.context, self.pretrainer) = (context, pretrainer)
        start = context.now()
        firstSamples = pretrainer.samples
        logs = try PretrainingLogs(
            pretrainer.arguments, firstStep: pretrainer.step, wallTime: context.session.surroundings.wallTime)
        let arguments = pretrainer.arguments
        context.emit(
            .fields(
                Fields([
                    (
                        "model",
                        "\(pretrainer.model.parameters.elementCount.grouped) parameters, \(pretrainer.model.elementType.name)"
                    ),
                    ("updates", "\(arguments.maxSteps.grouped) of \(arguments.batchSize.grouped) prompts"),
                    ("seed", "\(String(arguments.seed))"),
                    ("device", Text(.host(pretrainer.model.backend.device.signature))),
                    ("drawing threads", Text(.host(String(arguments.generatorThreads)))),
                ])))
        if pretrainer.step > 0 { context.say("going on from update \(pretrainer.step)") }
    }

    /// Takes what the pretrainer tells.
    func receive(_ event: PretrainingEvent) throws(TrainingError) {
        switch event {
        case .updated(let step, let totalSteps, let samples, let update):
            let seconds = context.now() - start
            context.report(
                Progress(
                    label: "pretrain", completed: step, total: totalSteps,
                    facts: "loss \(update.loss, .fixed(3))",
                    rate: .rate(Double(samples - firstSamples) / max(seconds, 1e-9), unit: "img/s"), elapsed: seconds,
                    isFinished: step == totalSteps))
            try watchKernels(after: step)
        case .logged(let entry):
            show(entry)
            try logs.write(entry)
        case .shortened(let totalSteps, let seconds):
            context.say(
                "an update takes \(.duration(seconds)): the run is shortened to \(totalSteps) updates by --max-seconds")
        case .saved(let folder): context.say("saved checkpoint \(.path(folder))")
        }
    }

    private func watchKernels(after step: Int) throws(TrainingError) {
        guard let kernelWatch else { return }
        if step == Self.watched.after { kernelWatch.start() }
        guard step == Self.watched.until else { return }
        do throws(TensorError) { context.emit(.table(try kernelWatch.end())) } catch { throw .model(.tensor(error)) }
    }

    /// One line of the curve.
    private func show(_ entry: PretrainingLogEntry) {
        let scores = entry.scores
        context.say(
            """
            step \(entry.step)  samples \(entry.samples.grouped)  text \(scores.textLoss, .fixed(3))  \
            location \(scores.locationLoss, .fixed(2))  patches \(entry.auxiliaryLoss, .fixed(2))  \
            accuracy \(scores.textAccuracy, .fixed(3))  off by \(scores.locationError, .fixed(0))  \
            glyph \(scores.glyphAccuracy, .fixed(2))  symbol \(scores.symbolAccuracy, .fixed(2))
            """)
    }

    /// The last lines, and the picture of the curve.
    func finish() {
        let (last, seconds) = (pretrainer.log.last, context.now() - start)
        var fields = Fields([
            ("updates", "\(pretrainer.step) of \(pretrainer.totalSteps)"),
            ("prompts learned from", "\(pretrainer.samples.grouped)"),
            ("time", Text(.duration(seconds))),
            ("waited for scenes", Text(.duration(pretrainer.waitingSeconds))),
            ("rate", Text(.rate(Double(pretrainer.samples - firstSamples) / max(seconds, 1e-9), unit: "prompts/s"))),
        ])
        if let last { fields.add("last loss", "\(last.loss, .fixed(4))") }
        context.emit(.fields(fields))
        for path in logs.paths { context.say("log \(.path(path))") }
    }
}
