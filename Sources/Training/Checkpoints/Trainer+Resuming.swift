import FoundationEssentials

extension Trainer {
    /// Takes weights, moments and place from a checkpoint of the same run, whose remaining updates then give the same
    /// bytes as if it had never been cut.
    ///
    /// - Throws: `TrainingError.resume` for a checkpoint of another run; the trainer is then as before.
    package func resume(from folder: String) throws(TrainingError) {
        let state = try Self.readState(folder)
        try check(state, folder)
        try engine.optimizer.restore(from: folder, engine.optimizer.slots.flatMap(\.stored)) { $0.count == $1 }
        engine.step = state.globalStep
        engine.optimizer.step = state.optimizerStep
        engine.scaler = state.scaler
        (lossSinceLog, updatesSinceLog, log) = (state.lossSinceLog, state.updatesSinceLog, state.logHistory)
        losses = state.losses ?? []
        evaluations = state.evaluations ?? []
        savedStep = state.globalStep
        take(state.plan ?? RunningPlan(arguments))
    }

    /// Takes the weights alone from a checkpoint of this run.
    func loadWeights(from folder: String) throws(TrainingError) {
        let weights = engine.optimizer.slots.map { ("weight/" + $0.parameter.name, $0.weights) }
        try engine.optimizer.restore(from: folder, weights) { $0.count >= $1 }
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
        guard (state.scaler != nil) == (engine.scaler != nil) else {
            throw .resume(
                folder: folder,
                reason: "loss_scaler: the run \(state.scaler == nil ? "scaled no losses" : "computed in float16"), "
                    + "this one \(engine.scaler == nil ? "scales none" : "computes in float16")")
        }
        if let scaler = state.scaler, !scaler.isSound || scaler.skippedUpdates > state.globalStep {
            throw .resume(folder: folder, reason: "loss_scaler: \(scaler.scale) and its counts cannot be")
        }
        guard (0...plan.totalSteps).contains(state.globalStep), (0...state.globalStep).contains(state.optimizerStep)
        else {
            throw .resume(
                folder: folder,
                reason: "global_step \(state.globalStep) and optimizer_step \(state.optimizerStep) do not fit a run of "
                    + "\(plan.totalSteps) updates")
        }
    }
}
