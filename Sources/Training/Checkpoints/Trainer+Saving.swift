import Checkpoints
import Foundation
import Models
import Tensors

/// Checkpoints of a run: `output_dir/checkpoint-N`, each whole or not there at all.
///
/// A folder holds the model in Hugging Face's layout (or the adapter in peft's), `optimizer.safetensors` with the moments
/// and the float32 weights, and `trainer_state.json`. It is written under another name, flushed, and renamed.
extension Trainer {
    static let folderPrefix = "checkpoint-"
    static let stateName = "trainer_state.json"
    static let optimizerName = "optimizer.safetensors"

    /// Writes a checkpoint under `folder`, then removes the oldest ones over `save_total_limit`.
    func saveCheckpoint(under folder: String) throws(TrainingError) -> (folder: String, removed: [String]) {
        let target = try writeCheckpoint(under: folder, withModel: true)
        return (target, removeOldCheckpoints(under: folder, limit: arguments.saveTotalLimit))
    }

    /// Writes a checkpoint without the model's files, just enough for `resume`, and keeps no older one.
    package func saveProgress(under folder: String) throws(TrainingError) {
        _ = try writeCheckpoint(under: folder, withModel: false)
        _ = removeOldCheckpoints(under: folder, limit: 1)
    }

    /// The bytes that `saveProgress` writes, but for the log.
    package var progressByteCount: Int {
        engine.optimizer.slots.reduce(0) { sum, slot in
            sum + slot.first.byteCount + slot.second.byteCount
                + (slot.parameter.master ?? slot.parameter.value).byteCount
        }
    }

    private func writeCheckpoint(under folder: String, withModel: Bool) throws(TrainingError) -> String {
        let target = "\(folder)/\(Self.folderPrefix)\(engine.step)"
        let partial = target + ".partial"
        let files = FileManager.default
        try? files.removeItem(atPath: partial)
        try createFolder(partial)
        if withModel {
            try modelErrors { () throws(ModelError) in
                if model.adapter == nil {
                    try model.save(folder: partial)
                } else {
                    try model.saveAdapter(folder: partial, baseModel: nil)
                }
            }
        }
        let moments = try optimizerTensors()
        let state = try stateText()
        try fileErrors { () throws(CheckpointError) in
            try SafetensorsWriter.write(moments, to: "\(partial)/\(Self.optimizerName)")
            try AtomicFile.write(state, to: "\(partial)/\(Self.stateName)")
        }
        try? files.removeItem(atPath: target)
        guard rename(partial, target) == 0 else {
            throw .model(.checkpoint(.unwritable(file: target, reason: String(cString: strerror(errno)))))
        }
        // The older checkpoint may go only once this one's name is on disk.
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0 {
            fsync(descriptor)
            close(descriptor)
        }
        return target
    }

    /// The checkpoints under a folder, oldest first.
    package static func checkpoints(under folder: String) -> [(step: Int, folder: String)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let steps = names.compactMap { $0.hasPrefix(folderPrefix) ? Int($0.dropFirst(folderPrefix.count)) : nil }
        return steps.sorted().map { ($0, "\(folder)/\(folderPrefix)\($0)") }
    }

    private func removeOldCheckpoints(under folder: String, limit: Int?) -> [String] {
        guard let limit else { return [] }
        let older = Self.checkpoints(under: folder).filter { $0.step <= engine.step }.dropLast(limit)
        return older.map(\.folder).filter { (try? FileManager.default.removeItem(atPath: $0)) != nil }
    }

    private func createFolder(_ path: String) throws(TrainingError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .model(.checkpoint(.unwritable(file: path, reason: error.localizedDescription)))
        }
    }

    private func optimizerTensors() throws(TrainingError) -> [TensorSource] {
        var sources: [TensorSource] = []
        for slot in engine.optimizer.slots {
            let weights = slot.parameter.master ?? slot.parameter.value
            for (kind, tensor) in [("exp_avg", slot.first), ("exp_avg_sq", slot.second), ("weight", weights)] {
                sources.append(
                    TensorSource(
                        name: "\(kind)/\(slot.parameter.name)", elementType: tensor.elementType, shape: tensor.shape
                    ) { sink in
                        let bytes = try tensor.readBytes()
                        try bytes.withUnsafeBytes { try sink($0) }
                    })
            }
        }
        return sources
    }

    private func stateText() throws(TrainingError) -> String {
        let state = TrainerState(
            globalStep: engine.step, optimizerStep: engine.optimizer.step, maxSteps: plan.totalSteps,
            exampleCount: examples.count, batchSize: arguments.perDeviceTrainBatchSize,
            accumulation: arguments.gradientAccumulationSteps, seed: arguments.seed, lossSinceLog: lossSinceLog,
            updatesSinceLog: updatesSinceLog, logHistory: log, losses: losses)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return String(decoding: try encoder.encode(state), as: UTF8.self) + "\n"
        } catch {
            throw .resume(folder: Self.stateName, reason: "the state cannot be written: \(error.localizedDescription)")
        }
    }
}

/// What a run must know besides its tensors, in trainer_state.json.
struct TrainerState: Codable, Equatable {
    var globalStep: Int
    var optimizerStep: Int
    var maxSteps: Int
    var exampleCount: Int
    var batchSize: Int
    var accumulation: Int
    var seed: UInt64
    var lossSinceLog: Double
    var updatesSinceLog: Int
    var logHistory: [LogEntry]
    /// As `Trainer.losses`; nil in checkpoints of release 0.2.
    var losses: [Double]?

    enum CodingKeys: String, CodingKey {
        case globalStep = "global_step"
        case optimizerStep = "optimizer_step"
        case maxSteps = "max_steps"
        case exampleCount = "example_count"
        case batchSize = "per_device_train_batch_size"
        case accumulation = "gradient_accumulation_steps"
        case seed
        case lossSinceLog = "loss_since_log"
        case updatesSinceLog = "updates_since_log"
        case logHistory = "log_history"
        case losses
    }
}
