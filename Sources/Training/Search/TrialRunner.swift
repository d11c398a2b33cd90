import Datasets
import Models
import Tensors

/// Trains a model by one configuration of a search, from the same weights each time.
package final class TrialRunner {
    package let model: PaliGemma
    private let processor: PaliGemmaProcessor
    private let loader: PictureLoader
    private let examples: [DetectionExample]
    /// Varied copies of the examples.
    private let copies: [DetectionExample]
    private let evaluation: EvaluationSplit
    private let seed: UInt64
    private let start: ModelState
    /// What the best training in full left behind: the model, and the run.
    private var finished: FinishedTrial?
    private var last: (trainer: Trainer, outcome: TrainingOutcome, history: RunHistory)?

    /// Orders of boxes that share a pass where they are shuffled.
    private static let packedOrders = 2

    /// A runner over a model as it is now, without an adapter.
    ///
    /// - Throws: `TrainingError.argument` for a model with an adapter, or matrices in 4 bits.
    package init(
        _ model: PaliGemma, _ processor: PaliGemmaProcessor, loader: PictureLoader, examples: [DetectionExample],
        copies: [DetectionExample], evaluation: EvaluationSplit, seed: UInt64
    ) throws(TrainingError) {
        guard model.adapter == nil, model.parameters.quantized.isEmpty else {
            throw .argument(
                name: "model", reason: "the search trains from plain weights; merge the adapter or load the model anew")
        }
        (self.model, self.processor, self.loader) = (model, processor, loader)
        (self.examples, self.copies, self.evaluation, self.seed) = (examples, copies, evaluation, seed)
        start = model.keepState()
    }

    /// Makes the model what it was before the first training.
    package func reset() { model.restore(start) }

    /// Makes the model what a training in full left behind, if it is still in memory.
    package func restoreFinished(_ trial: Int) -> FinishedTrial? {
        guard let finished = finished(trial) else { return nil }
        model.restore(finished.state)
        return finished
    }

    /// What a training in full left behind, if it is still in memory.
    package func finished(_ trial: Int) -> FinishedTrial? { finished?.trial == trial ? finished : nil }

    /// Remembers what the training that just ended left behind, in place of what another did.
    func keepFinished(_ trial: Int) {
        guard let last else { return }
        finished = FinishedTrial(
            trial: trial, state: model.keepState(), trainer: last.trainer, outcome: last.outcome, history: last.history)
    }

    /// Trains by the best configuration again and again, each time with a seed of its own, and makes the model the mean of
    /// what came out if that does no worse on the validation split; else what the first training left.
    ///
    /// Adapters are merged before the mean is made.
    /// - Parameters:
    ///   - count: how many trainings the mean is of; the first is the one that the search made.
    ///   - now: a clock in seconds.
    ///   - observe: is told what trainings tell, and the how-manieth it is.
    /// - Returns: nil if it was stopped: then the model is as before the search.
    package func average(
        _ best: TrialResult, count: Int, by metric: TrainingArguments.BestMetric, now: () -> Double,
        shouldStop: () -> Bool = { false }, observe: (Int, TrainingEvent) -> Void = { _, _ in }
    ) throws(TrainingError) -> AveragedTrial? {
        var mean = WeightMean(from: start)
        for number in 1...count {
            if number > 1 || restoreFinished(best.trial) == nil {
                let result = try run(
                    trial: best.trial, rung: best.rung, best.settings, share: best.share,
                    seed: seed &+ UInt64(number - 1), now: now, shouldStop: shouldStop,
                    observe: { observe(number, $0) })
                guard result != nil else {
                    reset()
                    return nil
                }
                if number == 1 { keepFinished(best.trial) }
            }
            try modelErrors { () throws(ModelError) in
                if model.adapter != nil { _ = try model.mergeAdapter() }
                try mean.add(model)
            }
        }
        try modelErrors { () throws(ModelError) in try mean.write(to: model) }
        let arguments = arguments(best.settings)
        let evaluator = SplitEvaluator(
            split: evaluation,
            batches: BatchMaker(model: model, processor: processor, loader: loader, arguments: arguments))
        let found = try evaluator.evaluate(
            step: best.updates, epoch: best.settings.epochs, batchSize: arguments.perDeviceEvalBatchSize,
            shouldStop: shouldStop, observe: { _, _ in })
        guard let record = found?.record else {
            reset()
            return nil
        }
        var result = best
        (result.evalLoss, result.map50) = (record.loss, record.map50 ?? 0)
        result.map50To95 = record.map50To95 ?? 0
        let isTaken = [result, best].ranked(by: metric).first == result
        if !isTaken { _ = restoreFinished(best.trial) }
        return AveragedTrial(count: count, result: result, isTaken: isTaken)
    }

    /// The arguments of a training.
    package func arguments(_ settings: TrialSettings, share: Double = 1) -> TrainingArguments {
        var arguments = TrainingArguments()
        let count = settings.augmentation.usesPictures ? examples.count + copies.count : examples.count
        // An epoch is as many examples as the split has, however many copies there are to choose from.
        arguments.numTrainEpochs = settings.epochs * share * Double(examples.count) / Double(count)
        arguments.perDeviceTrainBatchSize = settings.batchSize
        arguments.learningRate = settings.learningRate
        arguments.warmupRatio = 0.05
        arguments.loggingSteps = 1_000_000
        arguments.evalStrategy = .steps
        // Only the evaluation at the end.
        arguments.evalSteps = 1_000_000
        arguments.saveStrategy = .no
        arguments.packedOrders = settings.augmentation.usesOrders ? Self.packedOrders : 1
        arguments.seed = seed
        return arguments
    }

    /// A run of the model, made ready for a configuration from its first weights.
    package func trainer(
        _ settings: TrialSettings, share: Double = 1, seed: UInt64? = nil
    ) throws(TrainingError) -> Trainer {
        reset()
        var arguments = arguments(settings, share: share)
        arguments.seed = seed ?? self.seed
        try prepare(settings, seed: arguments.seed)
        return try Trainer(
            model, processor, examples: settings.augmentation.usesPictures ? examples + copies : examples,
            loader: loader, evaluation: evaluation, arguments)
    }

    /// Freezes, or attaches an adapter.
    private func prepare(_ settings: TrialSettings, seed: UInt64) throws(TrainingError) {
        guard settings.targets.isAdapter else {
            model.parameters.freeze { !$0.name.hasPrefix("language_model.") }
            model.parameters.unfreeze { $0.name.hasPrefix("language_model.") }
            return
        }
        let rank = settings.rank ?? 8
        let targets: TargetModules =
            switch settings.targets {
            case .attention: .languageModel(["q_proj", "k_proj", "v_proj", "o_proj"])
            case .all: .suffixes(AdapterConfiguration.usualSuffixes)
            case .language, .languageModel: .languageModel(AdapterConfiguration.usualSuffixes)
            }
        let configuration = AdapterConfiguration(r: rank, loraAlpha: Double(rank), targetModules: targets)
        _ = try modelErrors { () throws(ModelError) in try model.attach(configuration, seed: seed) }
    }

    /// Trains by a configuration and evaluates; nil if it was stopped.
    ///
    /// - Parameter now: a clock in seconds.
    func run(
        trial: Int, rung: Int, _ settings: TrialSettings, share: Double, seed: UInt64? = nil, now: () -> Double,
        shouldStop: () -> Bool, observe: (TrainingEvent) -> Void
    ) throws(TrainingError) -> TrialResult? {
        let begin = now()
        last = nil
        let trainer = try trainer(settings, share: share, seed: seed)
        var (history, time) = (RunHistory(model: ""), begin)
        (history.cost, history.maxGradNorm) = (StepCost(model), trainer.arguments.maxGradNorm)
        let outcome = try trainer.run(shouldStop: shouldStop) { event in
            let present = now()
            history.receive(event, elapsed: present - time)
            time = present
            observe(event)
        }
        trainer.releaseWorkingMemory()
        last = (trainer, outcome, history)
        guard !outcome.isInterrupted, let record = outcome.evaluations.last else { return nil }
        return TrialResult(
            trial: trial, rung: rung, share: share, settings: settings, updates: outcome.step,
            trainLoss: outcome.meanLoss, evalLoss: record.loss, map50: record.map50 ?? 0,
            map50To95: record.map50To95 ?? 0, seconds: now() - begin)
    }
}

/// What a training in full left behind.
package struct FinishedTrial {
    package let trial: Int
    let state: ModelState
    package let trainer: Trainer
    package let outcome: TrainingOutcome
    /// What it did, update by update.
    package let history: RunHistory
}

/// The mean of several trainings by one configuration.
package struct AveragedTrial: Sendable, Equatable {
    /// How many trainings it is of.
    package let count: Int
    /// That of the configuration, with the scores of the mean.
    package let result: TrialResult
    /// Whether it does no worse than the first training alone, so that the model is now the mean.
    package let isTaken: Bool
}
