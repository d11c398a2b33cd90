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
    /// The loss of each update so far; not a number where it was skipped.
    package internal(set) var losses: [Double] = []
    var lossSinceLog = 0.0
    var updatesSinceLog = 0
    private let loader: PictureLoader

    /// A run at its start.
    ///
    /// - Throws: `TrainingError` for arguments that make no sense, no examples, or nothing to train.
    package init(
        _ model: PaliGemma, _ processor: PaliGemmaProcessor, examples: [DetectionExample], loader: PictureLoader,
        _ arguments: TrainingArguments
    ) throws(TrainingError) {
        try arguments.check()
        guard !examples.isEmpty else { throw .nothingToTrain(reason: "the split has no examples") }
        self.model = model
        self.processor = processor
        self.arguments = arguments
        self.examples = examples
        self.loader = loader
        plan = StepPlan(arguments, exampleCount: examples.count)
        engine = try UpdateEngine(model, arguments, totalSteps: plan.totalSteps)
    }

    /// Trains to the end, or until `shouldStop` says so between two updates; a later call goes on from there.
    ///
    /// - Parameter observe: is told of each update, log line and checkpoint.
    package func run(
        shouldStop: () -> Bool = { false }, observe: (TrainingEvent) -> Void = { _ in }
    ) throws(TrainingError) -> TrainingOutcome {
        observe(.started(banner))
        let hasFixedFeatures = model.hasFixedImageFeatures
        if !hasFixedFeatures { loader.cache.removeAll() }
        var seen = 0
        var order: (epoch: Int, places: [Int])?
        while engine.step < plan.totalSteps {
            if shouldStop() { break }
            let step = engine.step
            let epoch = plan.epoch(of: step)
            if order?.epoch != epoch { order = (epoch, self.order(of: epoch)) }
            let groups = plan.microBatches(of: step, order: order?.places ?? [])
            let result = try engine.update(
                try groups.map { (places) throws(TrainingError) in
                    try makeBatch(places, epoch: epoch, hasFixedFeatures: hasFixedFeatures)
                })
            seen += groups.reduce(0) { $0 + $1.count }
            losses.append(result.isSkipped ? .nan : result.loss)
            observe(.updated(status(result, seen: seen)))
            note(result, observe)
            try saveIfDue(observe)
        }
        let made = losses.filter { !$0.isNaN }
        return TrainingOutcome(
            step: engine.step, totalSteps: plan.totalSteps, meanLoss: made.reduce(0, +) / Double(made.count),
            skippedSteps: losses.count - made.count, log: log, isInterrupted: engine.step < plan.totalSteps)
    }

    /// The updates that were made, by number, with their losses.
    package var lossByStep: [(step: Int, loss: Double)] {
        let first = engine.step - losses.count + 1
        return losses.enumerated().filter { !$0.element.isNaN }.map { (first + $0.offset, $0.element) }
    }

    /// The order in which an epoch goes through the examples.
    private func order(of epoch: Int) -> [Int] {
        DetectionDataset.visitingOrder(count: examples.count, seed: arguments.seed, epoch: epoch)
    }

    private func makeBatch(
        _ places: [Int], epoch: Int, hasFixedFeatures: Bool
    ) throws(TrainingError) -> TrainingBatch {
        let rows = places.map { examples[$0] }
        let tokens = try modelErrors { () throws(ModelError) in
            if let recipe = arguments.noiseBoxes {
                return try NoiseBoxBatches(recipe: recipe, processor: processor, seed: arguments.seed)
                    .batch(Array(zip(places, rows)), epoch: epoch)
            }
            guard arguments.packedOrders > 1 else {
                return try processor.batch(prefixes: rows.map(\.prefix), suffixes: rows.map(\.suffix))
            }
            let orders = places.map { place in
                BoxOrders(seed: arguments.seed, step: engine.step, example: place)
                    .orders(of: examples[place].suffix, count: arguments.packedOrders)
            }
            return try processor.packedBatch(prefixes: rows.map(\.prefix), suffixes: orders)
        }
        let paths = rows.map(\.imagePath)
        let pictures: TrainingBatch.Pictures =
            hasFixedFeatures
            ? .features(try loader.features(of: paths, model))
            : .pixels(try loader.pixels(of: paths, on: model.backend))
        return TrainingBatch(tokens: tokens, pictures: pictures)
    }

    /// Adds an update to the log, and writes a line where one is due.
    private func note(_ result: UpdateResult, _ observe: (TrainingEvent) -> Void) {
        if !result.isSkipped { lossSinceLog += result.loss }
        updatesSinceLog += result.isSkipped ? 0 : 1
        guard engine.step % arguments.loggingSteps == 0 else { return }
        // Where every update was skipped there is no loss to state, and 0 / 0 says so.
        let entry = LogEntry(
            step: engine.step, epoch: epochsSeen, loss: lossSinceLog / Double(updatesSinceLog),
            learningRate: engine.loggedRate, gradientNorm: result.gradientNorm)
        (lossSinceLog, updatesSinceLog) = (0, 0)
        log.append(entry)
        observe(.logged(entry))
    }

    private func saveIfDue(_ observe: (TrainingEvent) -> Void) throws(TrainingError) {
        guard let folder = arguments.outputDir else { return }
        let isDue =
            switch arguments.saveStrategy {
            case .no: false
            case .steps: engine.step % arguments.saveSteps == 0 || engine.step == plan.totalSteps
            case .epoch: engine.step % plan.updatesPerEpoch == 0 || engine.step == plan.totalSteps
            }
        guard isDue else { return }
        let saved = try saveCheckpoint(under: folder)
        observe(.saved(folder: saved.folder, removed: saved.removed))
    }

    /// How many times the examples were seen, counted in updates.
    private var epochsSeen: Double { Double(engine.step) / Double(plan.updatesPerEpoch) }

    private func status(_ result: UpdateResult, seen: Int) -> TrainingStatus {
        TrainingStatus(
            step: engine.step, totalSteps: plan.totalSteps, epoch: epochsSeen, exampleCount: seen, update: result)
    }

    private var banner: TrainingBanner {
        TrainingBanner(
            exampleCount: examples.count, epochs: Double(plan.totalSteps) / Double(plan.updatesPerEpoch),
            batchSize: arguments.perDeviceTrainBatchSize, accumulation: arguments.gradientAccumulationSteps,
            totalBatchSize: arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps,
            totalSteps: plan.totalSteps, trainableCount: model.parameters.trainableElementCount,
            parameterCount: model.parameters.elementCount, firstStep: engine.step)
    }
}
