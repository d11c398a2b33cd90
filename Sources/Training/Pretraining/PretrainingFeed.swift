import Dispatch
import Models
import Scenes
import Synchronization
import Tensors

/// Draws batches ahead on threads of its own, in order; batch `n` is the same however many threads there are.
///
/// A batch is cut into groups of pictures. A thread takes the next group that nobody drew, and whoever ends the last group of
/// a batch puts the batch together. Threads exchange values only, under a lock.
final class PretrainingFeed {
    /// What decides a batch.
    struct Recipe: Sendable {
        let generator: SceneGenerator
        let processor: PaliGemmaProcessor
        let arguments: PretrainingArguments

        /// Which scenes a batch shows.
        let stage: @Sendable (_ batch: Int) -> SceneStage

        var picturesPerBatch: Int { arguments.rowsAtOnce / arguments.promptsPerPicture }
        var groupSize: Int { min(32, picturesPerBatch) }
        var groupsPerBatch: Int { (picturesPerBatch + groupSize - 1) / groupSize }
    }

    private let shared: Shared
    private let threadCount: Int
    private var next: Int

    /// Starts to draw, beginning with batch `first`.
    init(_ recipe: Recipe, firstBatch first: Int) {
        next = first
        threadCount = recipe.arguments.generatorThreads
        shared = Shared(recipe, firstBatch: first)
        for number in 0..<threadCount {
            let shared = shared
            // A queue of its own is a thread of its own, however many there are.
            DispatchQueue(label: "scenes \(number)").async { shared.work() }
        }
    }

    deinit { shared.stop(threadCount: threadCount) }

    /// The next batch; waits for it, or returns nil as soon as `shouldStop` says so.
    func nextBatch(shouldStop: () -> Bool) throws(TrainingError) -> PretrainingBatch? {
        while true {
            if let batch = shared.take(next) {
                next += 1
                return try modelErrors { () throws(ModelError) in try batch.get() }
            }
            if shouldStop() { return nil }
            shared.waitForBatch()
        }
    }

    /// What threads share: numbers of groups to draw, and what is drawn.
    private final class Shared: Sendable {
        private struct State: Sendable {
            var nextGroup: Int
            var isStopped = false
            var groups: [Int: [Int: PretrainingGroup]] = [:]
            var batches: [Int: Result<PretrainingBatch, ModelError>] = [:]
        }

        private let recipe: Recipe
        private let state: Mutex<State>
        /// Counts groups that may still be begun, and batches that were ended.
        private let room: DispatchSemaphore
        private let ended = DispatchSemaphore(value: 0)

        init(_ recipe: Recipe, firstBatch: Int) {
            self.recipe = recipe
            state = Mutex(State(nextGroup: firstBatch * recipe.groupsPerBatch))
            // Made empty and then filled: a semaphore may not end its life below the value that it began with.
            room = DispatchSemaphore(value: 0)
            for _ in 0..<recipe.arguments.batchesAhead * recipe.groupsPerBatch { room.signal() }
        }

        /// Hands a finished batch over, and makes room for another.
        func take(_ number: Int) -> Result<PretrainingBatch, ModelError>? {
            guard let batch = state.withLock({ $0.batches.removeValue(forKey: number) }) else { return nil }
            for _ in 0..<recipe.groupsPerBatch { room.signal() }
            return batch
        }

        /// Waits until a batch was ended, but not for long: somebody may want to stop.
        func waitForBatch() { _ = ended.wait(timeout: .now() + .milliseconds(100)) }

        func stop(threadCount: Int) {
            state.withLock { $0.isStopped = true }
            for _ in 0..<threadCount { room.signal() }
        }

        /// Draws groups until told to stop; runs on each thread.
        func work() {
            let painter = GroupPainter(recipe)
            while true {
                room.wait()
                let group: Int? = state.withLock { state in
                    guard !state.isStopped else { return nil }
                    defer { state.nextGroup += 1 }
                    return state.nextGroup
                }
                guard let group else { return }
                let (batch, part) = group.quotientAndRemainder(dividingBy: recipe.groupsPerBatch)
                deliver(painter.group(part, ofBatch: batch), part, batch)
            }
        }

        /// Keeps a group, and puts its batch together if it was the last one of it.
        private func deliver(_ group: PretrainingGroup, _ part: Int, _ batch: Int) {
            let whole: [Int: PretrainingGroup]? = state.withLock { state in
                state.groups[batch, default: [:]][part] = group
                let isWhole = state.groups[batch]?.count == recipe.groupsPerBatch
                return isWhole ? state.groups.removeValue(forKey: batch) : nil
            }
            guard let whole else { return }
            let result = Result { () throws(ModelError) in
                try PretrainingBatch(
                    (0..<recipe.groupsPerBatch).compactMap { whole[$0] }, side: recipe.generator.side,
                    promptsPerPicture: recipe.arguments.promptsPerPicture, padID: recipe.processor.specialIDs.padding)
            }
            state.withLock { $0.batches[batch] = result }
            ended.signal()
        }
    }
}

/// Draws scenes and writes their prompts; belongs to one thread.
private struct GroupPainter {
    private let recipe: PretrainingFeed.Recipe
    private let artist: SceneArtist

    init(_ recipe: PretrainingFeed.Recipe) {
        self.recipe = recipe
        artist = recipe.generator.makeArtist()
    }

    /// The pictures and rows of a part of a batch.
    func group(_ part: Int, ofBatch batch: Int) -> PretrainingGroup {
        var group = PretrainingGroup()
        let size = recipe.groupSize
        group.pixels.reserveCapacity(size * recipe.generator.side * recipe.generator.side * 3)
        for place in part * size..<min((part + 1) * size, recipe.picturesPerBatch) {
            let number = UInt64(batch * recipe.picturesPerBatch + place)
            let scene = artist.scene(number, stage: recipe.stage(batch))
            group.add(scene, patchSize: recipe.generator.patchSize)
            for prompt in 0..<recipe.arguments.promptsPerPicture {
                group.rows.append(
                    row(about: scene, number * UInt64(recipe.arguments.promptsPerPicture) + UInt64(prompt)))
            }
        }
        return group
    }

    private func row(about scene: Scene, _ number: UInt64) -> TokenRow {
        var random = RandomStream(seed: recipe.arguments.seed, purpose: "scene prompt", step: number)
        let (processor, longest) = (recipe.processor, recipe.arguments.maxTextTokens)
        var row = TokenRow(prompt: [], suffix: [])
        _ = PromptWriter.prompt(for: scene, &random) { prompt in
            row = TokenRow(prompt: processor.promptIDs(prompt.prefix), suffix: processor.suffixIDs(prompt.suffix))
            return row.count - processor.imageTokenCount - 1 <= longest
        }
        return row
    }
}
