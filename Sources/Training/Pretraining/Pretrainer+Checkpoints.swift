import Checkpoints
import Files
import FoundationEssentials
import Models
import Tensors

/// Checkpoints of a pretraining, `output_dir/checkpoint-N`: the model in Hugging Face's layout, `optimizer.safetensors` with
/// moments, float32 weights and the maps of patches, and `pretraining_state.json`.
extension Pretrainer {
    private static let stateName = "pretraining_state.json"

    /// What a run must know besides its tensors.
    private struct State: Codable, Equatable {
        var step: Int
        var optimizerStep: Int
        var totalSteps: Int
        var batchSize: Int
        var microBatchSize: Int
        var promptsPerPicture: Int
        var seed: UInt64
        var savedLog: [PretrainingLogEntry]
        var sinceLog: SinceLog
    }

    private var state: State {
        State(
            step: engine.step, optimizerStep: engine.optimizer.step, totalSteps: totalSteps,
            batchSize: arguments.batchSize, microBatchSize: arguments.rowsAtOnce,
            promptsPerPicture: arguments.promptsPerPicture, seed: arguments.seed, savedLog: log, sinceLog: sinceLog)
    }

    /// Writes a checkpoint, whole or not at all, then removes the oldest ones over the limit; returns its folder.
    @discardableResult
    package func saveCheckpoint(under folder: String) throws(TrainingError) -> String {
        let target = "\(folder)/\(CheckpointFolders.prefix)\(engine.step)"
        let partial = target + CheckpointFolders.partial
        CheckpointFolders.tidy(under: folder)
        let text = try stateText()
        do {
            try FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
        } catch {
            throw .model(.checkpoint(.unwritable(file: partial, reason: SystemReason.of(error))))
        }
        try modelErrors { () throws(ModelError) in try model.save(folder: partial) }
        try engine.optimizer.store(to: partial)
        try fileErrors { () throws(CheckpointError) in
            try AtomicFile.write(text, to: "\(partial)/\(Self.stateName)")
            try CheckpointFolders.place(partial, at: target)
            try AtomicFile.flushFolder(folder, file: target)
        }
        savedStep = engine.step
        let old = CheckpointFolders.all(under: folder).filter { $0.step < engine.step }
        for checkpoint in old.dropLast(arguments.saveTotalLimit - 1) { _ = CheckpointFolders.remove(checkpoint.folder) }
        return target
    }

    /// The newest checkpoint under a folder, if there is one.
    package static func lastCheckpoint(under folder: String) -> String? {
        CheckpointFolders.all(under: folder).last?.folder
    }

    /// Takes weights, moments and place from a checkpoint of the same run, which then goes on as if it had never been cut.
    ///
    /// - Throws: `TrainingError.resume` for a checkpoint of another run.
    package func resume(from folder: String) throws(TrainingError) {
        let stored = try Self.readState(folder)
        for (name, found, expected) in [
            ("batch_size", stored.batchSize, arguments.batchSize),
            ("micro_batch_size", stored.microBatchSize, arguments.rowsAtOnce),
            ("prompts_per_picture", stored.promptsPerPicture, arguments.promptsPerPicture),
            ("seed", Int(truncatingIfNeeded: stored.seed), Int(truncatingIfNeeded: arguments.seed)),
        ] where found != expected {
            throw .resume(folder: folder, reason: "\(name) was \(found), this run has \(expected)")
        }
        guard stored.totalSteps == arguments.maxSteps || arguments.maxSeconds != nil else {
            throw .resume(
                folder: folder, reason: "the run had \(stored.totalSteps) updates, this one has \(arguments.maxSteps)")
        }
        guard (0...stored.totalSteps).contains(stored.step), (0...stored.step).contains(stored.optimizerStep) else {
            throw .resume(folder: folder, reason: "\(Self.stateName) states update \(stored.step)")
        }
        let optimizer = engine.optimizer
        try optimizer.restore(from: folder, optimizer.slots.flatMap(\.stored)) { $0.count == $1 }
        (engine.step, optimizer.step) = (stored.step, stored.optimizerStep)
        (log, sinceLog, savedStep) = (stored.savedLog, stored.sinceLog, stored.step)
        resume(totalSteps: stored.totalSteps)
    }

    private func stateText() throws(TrainingError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return String(decoding: try encoder.encode(state), as: UTF8.self) + "\n"
        } catch {
            throw .resume(folder: Self.stateName, reason: "the state cannot be written: \(SystemReason.of(error))")
        }
    }

    private static func readState(_ folder: String) throws(TrainingError) -> State {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(stateName)"))
            return try decoder.decode(State.self, from: data)
        } catch {
            throw .resume(folder: folder, reason: "\(stateName) is missing or damaged")
        }
    }
}
