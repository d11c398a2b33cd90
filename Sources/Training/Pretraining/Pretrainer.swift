import Models
import Scenes
import Synchronization
import Tensors

/// Trains a whole model from nothing on drawn scenes, whose batches threads draw while the device computes.
///
/// Batch `n` is the same for a seed whatever the number of threads, so a run that is resumed sees what an uncut run sees.
package final class Pretrainer {
    package let model: PaliGemma
    package let arguments: PretrainingArguments
    let engine: PretrainingEngine
    /// The updates of the run; fewer than asked for once it was shortened.
    package private(set) var totalSteps: Int
    /// The lines logged so far.
    package internal(set) var log: [PretrainingLogEntry] = []
    private let processor: PaliGemmaProcessor
    private let generator: SceneGenerator
    private let now: () -> Double
    /// Sums since the last line: loss, loss of patches, updates that were made.
    var sinceLog = SinceLog()
    var savedStep = 0
    /// Seconds in which the host waited for scenes to be drawn.
    package private(set) var waitingSeconds = 0.0

    /// What a line of the log is a mean of.
    struct SinceLog: Codable, Equatable {
        var loss = 0.0
        var auxiliaryLoss = 0.0
        var updates = 0
    }

    /// Updates after which the time that one takes is measured: the first ones compile and allocate.
    private static let measuredSteps = 20...50

    /// A run at its start.
    ///
    /// - Parameters:
    ///   - model: as `PaliGemma(untrained:…)` makes it; all its weights are trained.
    ///   - now: seconds of a clock that never goes back.
    /// - Throws: `TrainingError.argument` for arguments that make no sense or a tokenizer without locations.
    package init(
        _ model: PaliGemma, _ processor: PaliGemmaProcessor, _ arguments: PretrainingArguments,
        now: @escaping () -> Double
    ) throws(TrainingError) {
        try arguments.check()
        guard !model.computesInFloat16 else {
            throw .argument(name: "dtype", reason: "a pretraining scales no losses; use bfloat16 or float32")
        }
        guard let locations = processor.tokenizer.locationIDs else {
            throw .argument(name: "model", reason: "its tokenizer has no <loc0000> to <loc1023> in a row")
        }
        let vision = model.configuration.vision
        do throws(SceneError) {
            generator = try SceneGenerator(seed: arguments.seed, side: vision.imageSize, patchSize: vision.patchSize)
        } catch {
            throw .argument(name: "model", reason: "\(error)")
        }
        (self.model, self.processor, self.arguments, self.now) = (model, processor, arguments, now)
        totalSteps = arguments.maxSteps
        engine = try PretrainingEngine(model, locationIDs: locations, arguments)
    }

    /// Updates made, skipped ones included.
    package var step: Int { engine.step }

    /// Trains to the end, or until `shouldStop` says so between two updates; a later call goes on from there.
    ///
    /// - Parameter observe: is told of each update, log line and checkpoint.
    /// - Returns: whether the end was reached.
    package func run(
        shouldStop: () -> Bool = { false }, observe: (PretrainingEvent) throws(TrainingError) -> Void = { _ in }
    ) throws(TrainingError) -> Bool {
        let batchesPerUpdate = arguments.batchSize / arguments.rowsAtOnce
        let length = RunLength(totalSteps)
        let feed = PretrainingFeed(recipe(length, batchesPerUpdate), firstBatch: engine.step * batchesPerUpdate)
        let begin = (step: engine.step, time: now())
        var measured = begin
        var next = try load(batchesPerUpdate, of: feed, shouldStop)
        while engine.step < totalSteps {
            guard let batches = next, !shouldStop() else { return false }
            let isLogged = (engine.step + 1) % arguments.loggingSteps == 0 || engine.step + 1 == totalSteps
            let schedule = PretrainingSchedule(arguments, totalSteps: totalSteps)
            let isLast = engine.step + 1 == totalSteps
            let update = try engine.update(batches, schedule, wantsScores: isLogged) { () throws(TrainingError) in
                next = isLast ? nil : try load(batchesPerUpdate, of: feed, shouldStop)
            }
            try observe(.updated(step: engine.step, totalSteps: totalSteps, samples: samples, update))
            try note(update, observe)
            if engine.step - begin.step == Self.measuredSteps.lowerBound { measured = (engine.step, now()) }
            if try shorten(begin, measured, observe) { length.set(totalSteps) }
            try saveIfDue(observe)
        }
        return true
    }

    /// Waits for the batches of the next update, and takes their pictures to the device; nil if somebody asked to stop.
    private func load(
        _ count: Int, of feed: PretrainingFeed, _ shouldStop: () -> Bool
    ) throws(TrainingError) -> [PretrainingEngine.LoadedBatch]? {
        var batches: [PretrainingEngine.LoadedBatch] = []
        for _ in 0..<count {
            let askedAt = now()
            guard let batch = try feed.nextBatch(shouldStop: shouldStop) else { return nil }
            waitingSeconds += now() - askedAt
            batches.append(try engine.load(batch))
        }
        return batches
    }

    /// Frees moments and gradients once the run has ended: it makes no more updates.
    package func releaseWorkingMemory() { engine.optimizer.release() }

    /// Prompts learned from.
    package var samples: Int { engine.step * arguments.batchSize }

    private func recipe(_ length: RunLength, _ batchesPerUpdate: Int) -> PretrainingFeed.Recipe {
        let arguments = arguments
        return PretrainingFeed.Recipe(generator: generator, processor: processor, arguments: arguments) { batch in
            PretrainingSchedule(arguments, totalSteps: length.steps).stage(at: batch / batchesPerUpdate)
        }
    }

    /// Adds an update to the log, and tells of a line where it has scores.
    private func note(
        _ update: PretrainingUpdate, _ observe: (PretrainingEvent) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        if !update.isSkipped {
            sinceLog.loss += update.loss
            sinceLog.auxiliaryLoss += update.auxiliaryLoss
            sinceLog.updates += 1
        }
        guard let scores = update.scores else { return }
        // Where every update was skipped there is no loss to state, and 0 / 0 says so.
        let entry = PretrainingLogEntry(
            step: engine.step, samples: samples, loss: sinceLog.loss / Double(sinceLog.updates),
            auxiliaryLoss: sinceLog.auxiliaryLoss / Double(sinceLog.updates), scores: scores,
            learningRate: update.learningRate, gradientNorm: update.gradientNorm)
        sinceLog = SinceLog()
        log.append(entry)
        try observe(.logged(entry))
    }

    /// Shortens the run, if its time is limited and what was measured says that it would not suffice.
    ///
    /// Twice: after the first updates, and near the end of the constant rate, with all that was measured until then.
    private func shorten(
        _ begin: (step: Int, time: Double), _ measured: (step: Int, time: Double),
        _ observe: (PretrainingEvent) throws(TrainingError) -> Void
    ) throws(TrainingError) -> Bool {
        guard let limit = arguments.maxSeconds, measured.step > begin.step else { return false }
        let secondTime = Int(Double(totalSteps) * arguments.constantShare * 0.9)
        let isDue = engine.step - begin.step == Self.measuredSteps.upperBound || engine.step == secondTime
        guard isDue, engine.step > measured.step else { return false }
        let time = now()
        let secondsPerStep = (time - measured.time) / Double(engine.step - measured.step)
        let possible = engine.step + Int(max(limit - (time - begin.time), 0) / max(secondsPerStep, 1e-9))
        guard possible < totalSteps else { return false }
        totalSteps = max(possible, engine.step + 1)
        try observe(.shortened(totalSteps: totalSteps, secondsPerStep: secondsPerStep))
        return true
    }

    /// Takes the length of a run that was shortened before it was cut.
    func resume(totalSteps: Int) { self.totalSteps = totalSteps }

    private func saveIfDue(
        _ observe: (PretrainingEvent) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        guard let folder = arguments.outputDir, let steps = arguments.saveSteps, engine.step % steps == 0,
            engine.step > savedStep, engine.step < totalSteps
        else { return }
        let target = try saveCheckpoint(under: folder)
        try observe(.saved(folder: target))
    }
}

/// How long a run is, told to the threads that draw for it.
private final class RunLength: Sendable {
    private let value: Mutex<Int>

    init(_ steps: Int) { value = Mutex(steps) }

    var steps: Int { value.withLock { $0 } }

    func set(_ steps: Int) { value.withLock { $0 = steps } }
}

/// What a pretraining tells as it goes.
package enum PretrainingEvent: Sendable, Equatable {
    case updated(step: Int, totalSteps: Int, samples: Int, PretrainingUpdate)
    case logged(PretrainingLogEntry)
    /// The run will end earlier, for its time is limited.
    case shortened(totalSteps: Int, secondsPerStep: Double)
    case saved(folder: String)
}
