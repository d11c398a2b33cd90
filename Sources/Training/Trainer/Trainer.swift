import Datasets
import Models
import Tensors

/// Fine-tunes a model on the examples of a data set, as transformers' `Trainer` does.
///
/// Epochs are shuffled by streams keyed by seed and epoch, so that a run that is resumed sees what an uncut run sees.
package final class Trainer {
    package let model: PaliGemma
    package let processor: PaliGemmaProcessor
    package let arguments: TrainingArguments
    package let examples: [DetectionExample]
    /// The updates of this run.
    package let plan: StepPlan
    /// Where the run stands, and what its optimizer keeps.
    package let engine: UpdateEngine
    /// The lines logged so far.
    package internal(set) var log: [LogEntry] = []
    /// The evaluations so far.
    package internal(set) var evaluations: [EvaluationRecord] = []
    /// The loss of each update so far; not a number where it was skipped.
    package internal(set) var losses: [Double] = []
    var lossSinceLog = 0.0
    var updatesSinceLog = 0
    /// The update after which the last checkpoint was written.
    var savedStep = 0
    /// What looks at memory as the run goes, if anything does.
    package var memoryWatch: MemoryWatch?
    private let loader: PictureLoader
    private let batches: BatchMaker
    private let evaluator: SplitEvaluator?
    /// The length of each example in tokens, where batches are made by it.
    private let lengths: [Int]

    /// A run at its start.
    ///
    /// - Parameter evaluation: what the run is evaluated on, where its arguments ask for it.
    /// - Throws: `TrainingError` for arguments that make no sense, no examples, or nothing to train.
    package init(
        _ model: PaliGemma, _ processor: PaliGemmaProcessor, examples: [DetectionExample], loader: PictureLoader,
        evaluation: EvaluationSplit? = nil, _ arguments: TrainingArguments
    ) throws(TrainingError) {
        try arguments.check()
        guard !examples.isEmpty else { throw .nothingToTrain(reason: "the split has no examples") }
        let batches = BatchMaker(model: model, processor: processor, loader: loader, arguments: arguments)
        if arguments.evalStrategy == .no {
            evaluator = nil
        } else {
            guard let evaluation, !evaluation.examples.isEmpty else {
                throw .argument(name: "eval-strategy", reason: "the split to evaluate on has no examples")
            }
            evaluator = SplitEvaluator(split: evaluation, batches: batches)
        }
        self.model = model
        self.processor = processor
        self.arguments = arguments
        self.examples = examples
        self.loader = loader
        self.batches = batches
        lengths = arguments.groupByLength ? examples.map(batches.length) : []
        plan = StepPlan(arguments, exampleCount: examples.count)
        engine = try UpdateEngine(model, arguments, totalSteps: plan.totalSteps)
    }

    /// Trains to the end, or until `shouldStop` says so between two updates or in an evaluation; a later call goes on
    /// from there.
    ///
    /// - Parameter observe: is told of each update, log line, evaluation and checkpoint.
    package func run(
        shouldStop: () -> Bool = { false }, observe: (TrainingEvent) -> Void = { _ in }
    ) throws(TrainingError) -> TrainingOutcome {
        if !model.hasFixedImageFeatures { loader.cache.removeAll() }
        observe(.started(try banner()))
        var seen = 0
        var order: (epoch: Int, places: [Int])?
        while try endStep(shouldStop, observe), !isDone {
            if shouldStop() { break }
            let epoch = plan.epoch(of: engine.step)
            if order?.epoch != epoch { order = (epoch, self.order(of: epoch)) }
            let groups = plan.microBatches(
                of: engine.step, order: order?.places ?? [], largest: engine.plan.batchSize)
            guard let result = try update(groups, epoch: epoch, observe) else { continue }
            seen += groups.reduce(0) { $0 + $1.count }
            losses.append(result.isSkipped ? .nan : result.loss)
            observe(.updated(status(result, seen: seen)))
            note(result, observe)
            if let use = memoryWatch?.takeExcess(), let smaller = engine.plan.smaller(arguments) {
                adopt(smaller, because: .threshold(use, share: memoryWatch?.threshold ?? 1), observe)
            }
        }
        if isDone, !isEvaluationDue { try end(observe) }
        return outcome
    }

    /// Makes one update; nil where memory was short and the same update is to be tried by a smaller plan.
    private func update(
        _ groups: [[Int]], epoch: Int, _ observe: (TrainingEvent) -> Void
    ) throws(TrainingError) -> UpdateResult? {
        let step = engine.step
        engine.afterForward = memoryWatch.map { watch in { watch.sample() } }
        defer { engine.afterForward = nil }
        do throws(TrainingError) {
            return try engine.update(
                try groups.map { (places) throws(TrainingError) in
                    try batches.batch(places, of: examples, epoch: epoch, step: step)
                })
        } catch {
            guard let reason = error.shortage, let smaller = engine.plan.smaller(arguments) else { throw error }
            adopt(smaller, because: reason, observe)
            return nil
        }
    }

    /// Goes on by another plan, with memory that is kept for reuse given back.
    private func adopt(
        _ next: RunningPlan, because reason: PlanChange.Reason, isEvaluation: Bool = false,
        _ observe: (TrainingEvent) -> Void
    ) {
        let change = PlanChange(
            reason: reason, step: engine.step, isEvaluation: isEvaluation, before: engine.plan, after: next,
            accumulation: next.accumulation(arguments))
        take(next)
        model.backend.releaseUnused()
        observe(.shrunk(change))
    }

    /// Goes on by another plan.
    func take(_ plan: RunningPlan) {
        engine.plan = plan
        if !plan.keepsFeatures { loader.cache.close() }
    }

    /// Whether there is nothing left to learn: the last update was made, or evaluations became no better.
    private var isDone: Bool { engine.step >= plan.totalSteps || isStoppedEarly }

    /// Whether evaluations have been no better for as long as the arguments allow.
    private var isStoppedEarly: Bool {
        guard let patience = arguments.earlyStoppingPatience, !evaluations.isEmpty else { return false }
        return evaluations.countWithoutImprovement(by: arguments.metricForBestModel) >= patience
    }

    private var outcome: TrainingOutcome {
        let made = losses.filter { !$0.isNaN }
        return TrainingOutcome(
            step: engine.step, totalSteps: plan.totalSteps, meanLoss: made.reduce(0, +) / Double(made.count),
            skippedSteps: losses.count - made.count, log: log, evaluations: evaluations,
            isStoppedEarly: isStoppedEarly, isInterrupted: !isDone || isEvaluationDue)
    }

    /// The updates that were made, by number, with their losses.
    package var lossByStep: [(step: Int, loss: Double)] {
        let first = engine.step - losses.count + 1
        return losses.enumerated().filter { !$0.element.isNaN }.map { (first + $0.offset, $0.element) }
    }

    /// The order in which an epoch goes through the examples.
    private func order(of epoch: Int) -> [Int] {
        let shuffled = DetectionDataset.visitingOrder(count: examples.count, seed: arguments.seed, epoch: epoch)
        guard arguments.groupByLength else { return shuffled }
        return LengthGrouping.order(
            shuffled, lengths: lengths,
            batchSize: arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps)
    }

    /// Adds an update to the log, and writes a line where one is due.
    private func note(_ result: UpdateResult, _ observe: (TrainingEvent) -> Void) {
        if !result.isSkipped { lossSinceLog += result.loss }
        updatesSinceLog += result.isSkipped ? 0 : 1
        guard engine.step % arguments.loggingSteps == 0 else { return }
        // Where every update was skipped there is no loss to state, and 0 / 0 says so.
        let entry = LogEntry(
            step: engine.step, epoch: epochsSeen, loss: lossSinceLog / Double(updatesSinceLog),
            learningRate: engine.loggedRate, gradientNorm: result.gradientNorm, lossScale: result.lossScale,
            skippedUpdates: engine.scaler?.skippedUpdates)
        (lossSinceLog, updatesSinceLog) = (0, 0)
        log.append(entry)
        observe(.logged(entry))
    }

    /// Evaluates and saves after an update, where that is due; false if it was stopped before the end of that.
    private func endStep(
        _ shouldStop: () -> Bool, _ observe: (TrainingEvent) -> Void
    ) throws(TrainingError) -> Bool {
        if isEvaluationDue, let evaluator {
            guard let result = try evaluate(evaluator, shouldStop, observe) else { return false }
            evaluations.append(result.record)
            observe(.evaluated(result.record, isBest: isBestNow, pictures: result.pictures))
        }
        if let folder = arguments.outputDir, isSaveDue {
            let saved = try saveCheckpoint(under: folder)
            savedStep = engine.step
            observe(.saved(folder: saved.folder, removed: saved.removed))
        }
        return true
    }

    /// Evaluates, with smaller batches where memory is short; nil if it was stopped.
    private func evaluate(
        _ evaluator: SplitEvaluator, _ shouldStop: () -> Bool, _ observe: (TrainingEvent) -> Void
    ) throws(TrainingError) -> (record: EvaluationRecord, pictures: [EvaluatedPicture])? {
        while true {
            do throws(TrainingError) {
                return try evaluator.evaluate(
                    step: engine.step, epoch: epochsSeen, batchSize: engine.plan.evalBatchSize,
                    shouldStop: shouldStop, observe: { observe(.evaluating(completed: $0, total: $1)) })
            } catch {
                guard let reason = error.shortage, let smaller = engine.plan.smallerForEvaluation else { throw error }
                adopt(smaller, because: reason, isEvaluation: true, observe)
            }
        }
    }

    private var isEvaluationDue: Bool {
        guard engine.step > 0, evaluations.last?.step != engine.step else { return false }
        let isLast = engine.step == plan.totalSteps
        return switch arguments.evalStrategy {
        case .no: false
        case .steps: engine.step % arguments.stepsBetweenEvaluations == 0 || isLast
        case .epoch: engine.step % plan.updatesPerEpoch == 0 || isLast
        }
    }

    private var isSaveDue: Bool {
        guard engine.step > savedStep else { return false }
        return switch arguments.saveStrategy {
        case .no: false
        case .steps: engine.step % arguments.saveSteps == 0 || isDone || isBestToKeep
        case .epoch: engine.step % plan.updatesPerEpoch == 0 || isDone || isBestToKeep
        case .best: isBestNow
        }
    }

    /// Whether the best evaluation so far is the one of this step.
    private var isBestNow: Bool { bestStep == engine.step }

    private var isBestToKeep: Bool { arguments.loadBestModelAtEnd && isBestNow }

    /// The update after which the best evaluation was made.
    package var bestStep: Int? {
        evaluations.bestIndex(by: arguments.metricForBestModel).map { evaluations[$0].step }
    }

    /// Takes back the best weights, if the arguments ask for them.
    private func end(_ observe: (TrainingEvent) -> Void) throws(TrainingError) {
        if isStoppedEarly, engine.step < plan.totalSteps {
            observe(
                .stoppedEarly(
                    step: engine.step,
                    evaluations: evaluations.countWithoutImprovement(by: arguments.metricForBestModel)))
        }
        guard arguments.loadBestModelAtEnd, let best = bestStep, let folder = arguments.outputDir,
            best != engine.step
        else { return }
        let checkpoint = Self.folder(ofStep: best, under: folder)
        try loadWeights(from: checkpoint)
        observe(.loadedBest(step: best, folder: checkpoint))
    }

    /// How many times the examples were seen, counted in updates.
    private var epochsSeen: Double { Double(engine.step) / Double(plan.updatesPerEpoch) }

    private func status(_ result: UpdateResult, seen: Int) -> TrainingStatus {
        TrainingStatus(
            step: engine.step, totalSteps: plan.totalSteps, epoch: epochsSeen, exampleCount: seen, update: result)
    }

    /// The figures above the run, and the first row that it learns from.
    private func banner() throws(TrainingError) -> TrainingBanner {
        let step = min(engine.step, max(plan.totalSteps - 1, 0))
        let epoch = plan.epoch(of: step)
        let place = plan.microBatches(of: step, order: order(of: epoch)).first?.first ?? 0
        let row = TrainingRowPreview(
            imageName: examples[place].imageName, try batches.tokens([place], of: examples, epoch: epoch), processor)
        return TrainingBanner(
            exampleCount: examples.count, epochs: Double(plan.totalSteps) / Double(plan.updatesPerEpoch),
            batchSize: arguments.perDeviceTrainBatchSize, accumulation: arguments.gradientAccumulationSteps,
            totalBatchSize: arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps,
            totalSteps: plan.totalSteps, trainableCount: model.parameters.trainableElementCount,
            parameterCount: model.parameters.elementCount, firstStep: engine.step, firstRow: row)
    }
}
