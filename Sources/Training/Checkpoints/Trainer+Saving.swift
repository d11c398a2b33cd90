import Checkpoints
import Files
import FoundationEssentials
import Models
import Tensors

/// Checkpoints of a run: `output_dir/checkpoint-N`, each whole or not there at all.
///
/// A folder holds the model in Hugging Face's layout (or the adapter in peft's), `optimizer.safetensors` with what the
/// optimizer keeps and the float32 weights, and `trainer_state.json`. It is written under another name, flushed, and
/// renamed. One that is replaced or removed is renamed first too, so that no name without an ending is ever half a folder.
extension Trainer {
    static let stateName = "trainer_state.json"
    static let optimizerName = WeightOptimizer.fileName

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
            sum + slot.moments.reduce(slot.weights.byteCount) { $0 + $1.tensor.byteCount }
        }
    }

    private func writeCheckpoint(under folder: String, withModel: Bool) throws(TrainingError) -> String {
        let target = Self.folder(ofStep: engine.step, under: folder)
        let partial = target + CheckpointFolders.partial
        CheckpointFolders.tidy(under: folder)
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
        let state = try stateText()
        try engine.optimizer.store(to: partial)
        try fileErrors { () throws(CheckpointError) in
            try AtomicFile.write(state, to: "\(partial)/\(Self.stateName)")
        }
        try fileErrors { () throws(CheckpointError) in
            try CheckpointFolders.place(partial, at: target)
            try AtomicFile.flushFolder(folder, file: target)
        }
        return target
    }

    /// Where the checkpoint of an update lies.
    package static func folder(ofStep step: Int, under folder: String) -> String {
        "\(folder)/\(CheckpointFolders.prefix)\(step)"
    }

    /// The checkpoints under a folder, oldest first.
    package static func checkpoints(under folder: String) -> [(step: Int, folder: String)] {
        CheckpointFolders.all(under: folder)
    }

    /// The newest checkpoint under a folder all of whose files can be read.
    package static func lastWholeCheckpoint(under folder: String) -> String? {
        checkpoints(under: folder).reversed().map(\.folder).first(where: isWhole)
    }

    private static func isWhole(_ folder: String) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let tensors = names.filter { $0.hasSuffix(".safetensors") }
        return tensors.contains(optimizerName) && tensors.count > 1 && (try? readState(folder)) != nil
            && tensors.allSatisfy { (try? SafetensorsFile(path: "\(folder)/\($0)")) != nil }
    }

    /// Removes the oldest checkpoints over the limit, but neither the newest nor the best.
    private func removeOldCheckpoints(under folder: String, limit: Int?) -> [String] {
        guard let limit else { return [] }
        let present = Self.checkpoints(under: folder).filter { $0.step <= engine.step }
        let removable = present.filter { $0.step != engine.step && $0.step != bestStep }
        return removable.prefix(max(0, present.count - limit)).map(\.folder).filter(CheckpointFolders.remove)
    }

    private func createFolder(_ path: String) throws(TrainingError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .model(.checkpoint(.unwritable(file: path, reason: SystemReason.of(error))))
        }
    }

    private func stateText() throws(TrainingError) -> String {
        let state = TrainerState(
            globalStep: engine.step, optimizerStep: engine.optimizer.step, maxSteps: plan.totalSteps,
            exampleCount: examples.count, batchSize: arguments.perDeviceTrainBatchSize,
            accumulation: arguments.gradientAccumulationSteps, seed: arguments.seed, lossSinceLog: lossSinceLog,
            updatesSinceLog: updatesSinceLog, logHistory: log, evaluations: evaluations, losses: losses,
            plan: engine.plan == RunningPlan(arguments) ? nil : engine.plan, scaler: engine.scaler)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return String(decoding: try encoder.encode(state), as: UTF8.self) + "\n"
        } catch {
            throw .resume(folder: Self.stateName, reason: "the state cannot be written: \(SystemReason.of(error))")
        }
    }
}

extension WeightOptimizer.Slot {
    /// What a checkpoint holds of the weight: what the optimizer keeps, and the weight as it takes updates.
    var stored: [(name: String, tensor: Tensor)] {
        (moments.map { ($0.name, $0.tensor) } + [("weight", weights)]).map { ("\($0.0)/\(parameter.name)", $0.1) }
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
    /// As `Trainer.evaluations`; nil in checkpoints of release 0.2.
    var evaluations: [EvaluationRecord]?
    /// As `Trainer.losses`; nil in checkpoints of release 0.2.
    var losses: [Double]?
    /// The plan that the run went on by, where memory had made it smaller.
    var plan: RunningPlan?
    /// As `UpdateEngine.scaler`.
    var scaler: LossScaler?

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
        case evaluations, losses
        case plan = "running_plan"
        case scaler = "loss_scaler"
    }
}
