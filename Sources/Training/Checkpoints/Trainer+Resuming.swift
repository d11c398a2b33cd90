import Checkpoints
import Foundation
import Models
import Tensors

extension Trainer {
    /// Takes weights, moments and place from a checkpoint of the same run, whose remaining updates then give the same
    /// bytes as if it had never been cut.
    ///
    /// - Throws: `TrainingError.resume` for a checkpoint of another run; the trainer is then as before.
    package func resume(from folder: String) throws(TrainingError) {
        let state = try readState(folder)
        try check(state, folder)
        let file = try fileErrors { () throws(CheckpointError) in
            try SafetensorsFile(path: "\(folder)/\(Self.optimizerName)")
        }
        guard file.names.count == 3 * engine.optimizer.slots.count else {
            throw .resume(
                folder: folder,
                reason: "it trained \(file.names.count / 3) weights, this run trains \(engine.optimizer.slots.count)")
        }
        // The bytes below lie in the mapped file, which must outlive them.
        defer { withExtendedLifetime(file) {} }
        var restored: [(target: Tensor, bytes: UnsafeRawBufferPointer)] = []
        try trainingErrors { () throws(TensorError) in
            try engine.optimizer.makeMomentsWritable()
            for slot in engine.optimizer.slots { try slot.parameter.makeWritable() }
        }
        for slot in engine.optimizer.slots {
            let weights = slot.parameter.master ?? slot.parameter.value
            for (kind, tensor) in [("exp_avg", slot.first), ("exp_avg_sq", slot.second), ("weight", weights)] {
                restored.append((tensor, try bytes(of: "\(kind)/\(slot.parameter.name)", like: tensor, file, folder)))
            }
        }
        let targets = restored
        try trainingErrors { () throws(TensorError) in
            for (target, bytes) in targets {
                try target.backend.write(bytes, to: target.storage, byteOffset: target.byteOffset)
            }
            for slot in engine.optimizer.slots {
                guard let master = slot.parameter.master else { continue }
                try master.backend.convert(ConvertCall(input: master, output: slot.parameter.value))
            }
        }
        engine.step = state.globalStep
        engine.optimizer.step = state.optimizerStep
        (lossSinceLog, updatesSinceLog, log) = (state.lossSinceLog, state.updatesSinceLog, state.logHistory)
        losses = state.losses ?? []
    }

    private func readState(_ folder: String) throws(TrainingError) -> TrainerState {
        let path = "\(folder)/\(Self.stateName)"
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return try decoder.decode(
                TrainerState.self, from: try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw .resume(folder: folder, reason: "\(Self.stateName) is missing or damaged")
        }
    }

    private func check(_ state: TrainerState, _ folder: String) throws(TrainingError) {
        for (name, found, expected) in [
            ("max_steps", state.maxSteps, plan.totalSteps), ("examples", state.exampleCount, examples.count),
            ("per_device_train_batch_size", state.batchSize, arguments.perDeviceTrainBatchSize),
            ("gradient_accumulation_steps", state.accumulation, arguments.gradientAccumulationSteps),
            ("seed", Int(truncatingIfNeeded: state.seed), Int(truncatingIfNeeded: arguments.seed)),
        ] where found != expected {
            throw .resume(folder: folder, reason: "\(name) was \(found), this run has \(expected)")
        }
        guard (0...plan.totalSteps).contains(state.globalStep), (0...state.globalStep).contains(state.optimizerStep)
        else {
            throw .resume(
                folder: folder,
                reason: "global_step \(state.globalStep) and optimizer_step \(state.optimizerStep) do not fit a run of "
                    + "\(plan.totalSteps) updates")
        }
    }

    /// The stored bytes of one tensor, which fit `tensor`.
    private func bytes(
        of name: String, like tensor: Tensor, _ file: SafetensorsFile, _ folder: String
    ) throws(TrainingError) -> UnsafeRawBufferPointer {
        guard let entry = file.entries[name] else {
            throw .resume(folder: folder, reason: "\(Self.optimizerName) lacks \"\(name)\"")
        }
        guard entry.shape == tensor.shape, entry.elementType == tensor.elementType else {
            throw .resume(
                folder: folder,
                reason: "\"\(name)\" is \(entry.elementType.name) \(entry.shape), "
                    + "this run has \(tensor.elementType.name) \(tensor.shape)")
        }
        return UnsafeRawBufferPointer(rebasing: file.mapping.bytes[entry.byteRange])
    }
}
