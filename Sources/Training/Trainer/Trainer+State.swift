import Tensors

/// What a run was at a time, besides the model: its place, its log and the optimizer's moments.
///
/// It names the moments and copies none; the next update makes a copy first.
package struct RunState {
    fileprivate let step: Int
    fileprivate let optimizerStep: Int
    fileprivate let scaler: LossScaler?
    fileprivate let plan: RunningPlan
    fileprivate let slots: [WeightOptimizer.Slot]
    fileprivate let log: [LogEntry]
    fileprivate let evaluations: [EvaluationRecord]
    fileprivate let savedStep: Int
    fileprivate let losses: [Double]
    fileprivate let lossSinceLog: Double
    fileprivate let updatesSinceLog: Int

    /// The memory that the state needs.
    package var storages: [any Storage] { slots.flatMap(\.storages) }
}

extension Trainer {
    /// What the run is now.
    package func keepState() -> RunState {
        RunState(
            step: engine.step, optimizerStep: engine.optimizer.step, scaler: engine.scaler, plan: engine.plan,
            slots: engine.optimizer.keep(), log: log, evaluations: evaluations, savedStep: savedStep, losses: losses,
            lossSinceLog: lossSinceLog, updatesSinceLog: updatesSinceLog)
    }

    /// Makes the run what it was; the model's state is restored apart.
    package func restore(_ state: RunState) {
        engine.step = state.step
        engine.optimizer.step = state.optimizerStep
        engine.scaler = state.scaler
        take(state.plan)
        engine.optimizer.restore(state.slots)
        (log, losses) = (state.log, state.losses)
        (evaluations, savedStep) = (state.evaluations, state.savedStep)
        (lossSinceLog, updatesSinceLog) = (state.lossSinceLog, state.updatesSinceLog)
    }

    /// The memory that kept states share with what this run writes to: its next update copies it first.
    package var keptStorages: [any Storage] { model.keptStoragesOfTraining + engine.optimizer.keptStorages }

    /// Lets updates write in place: no state is kept that names weights or moments.
    package func forgetKeptStates() {
        model.forgetKeptStates()
        engine.optimizer.forgetKept()
    }

    /// Frees moments and gradients once the run has ended: it makes no more updates.
    package func releaseWorkingMemory() { engine.optimizer.release() }

    /// The bytes that the moments take.
    package var momentByteCount: Int {
        engine.optimizer.slots.reduce(0) { $0 + $1.moments.reduce(0) { $0 + $1.tensor.byteCount } }
    }

    /// The moments' bytes by weight, to compare runs that go on.
    package func momentBytes() throws(TensorError) -> [(name: String, bytes: [UInt8])] {
        var all: [(name: String, bytes: [UInt8])] = []
        for slot in engine.optimizer.slots {
            for moment in slot.moments {
                all.append(("\(moment.name)/\(slot.parameter.name)", try moment.tensor.readBytes()))
            }
        }
        return all
    }
}
