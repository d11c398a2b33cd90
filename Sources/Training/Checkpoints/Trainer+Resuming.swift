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
        let state = try Self.readState(folder)
        try check(state, folder)
        try restoreTensors(from: folder, engine.optimizer.slots.flatMap(\.stored)) { $0.count == $1 }
        engine.step = state.globalStep
        engine.optimizer.step = state.optimizerStep
        (lossSinceLog, updatesSinceLog, log) = (state.lossSinceLog, state.updatesSinceLog, state.logHistory)
        losses = state.losses ?? []
        evaluations = state.evaluations ?? []
        savedStep = state.globalStep
        take(state.plan ?? RunningPlan(arguments))
    }

    /// Takes the weights alone from a checkpoint of this run.
    func loadWeights(from folder: String) throws(TrainingError) {
        let weights = engine.optimizer.slots.map { ("weight/" + $0.parameter.name, $0.weights) }
        try restoreTensors(from: folder, weights) { $0.count >= $1 }
    }

    /// Reads tensors of a checkpoint into those of the run, then the weights that the model computes with.
    ///
    /// - Parameter fits: whether the names of a file go with a count of tensors.
    private func restoreTensors(
        from folder: String, _ named: [(name: String, tensor: Tensor)], fits: ([String], Int) -> Bool
    ) throws(TrainingError) {
        let file = try fileErrors { () throws(CheckpointError) in
            try SafetensorsFile(path: "\(folder)/\(Self.optimizerName)")
        }
        guard fits(file.names, named.count) else {
            throw .resume(
                folder: folder,
                reason:
                    "it holds \(file.names.count) tensors of \(file.names.count { $0.hasPrefix("weight/") }) trained "
                    + "weights, this run \(named.count) of \(engine.optimizer.slots.count)")
        }
        // The bytes below lie in the mapped file, which must outlive them.
        defer { withExtendedLifetime(file) {} }
        let stored = try named.map { (name, tensor) throws(TrainingError) in
            try bytes(of: name, like: tensor, file, folder)
        }
        try trainingErrors { () throws(TensorError) in
            try engine.optimizer.makeMomentsWritable()
            for slot in engine.optimizer.slots { try slot.parameter.makeWritable() }
        }
        // A tensor that was shared with a kept state is another one now.
        let present = Dictionary(
            uniqueKeysWithValues: engine.optimizer.slots.flatMap(\.stored).map { ($0.name, $0.tensor) })
        try trainingErrors { () throws(TensorError) in
            for ((name, tensor), bytes) in zip(named, stored) {
                let target = present[name] ?? tensor
                try target.backend.write(bytes, to: target.storage, byteOffset: target.byteOffset)
            }
            for slot in engine.optimizer.slots {
                guard let master = slot.parameter.master else { continue }
                try master.backend.convert(ConvertCall(input: master, output: slot.parameter.value))
            }
        }
    }

    static func readState(_ folder: String) throws(TrainingError) -> TrainerState {
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
        if let running = state.plan, running.batchSize < 1 || running.evalBatchSize < 1 {
            throw .resume(folder: folder, reason: "running_plan has a batch without examples")
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
