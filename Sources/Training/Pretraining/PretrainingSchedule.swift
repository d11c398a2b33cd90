import Scenes

/// What changes as a pretraining goes on, by the share of it that is done.
package struct PretrainingSchedule: Sendable, Equatable {
    private let arguments: PretrainingArguments
    /// How many updates the run makes.
    package let totalSteps: Int

    /// The schedule of a run.
    package init(_ arguments: PretrainingArguments, totalSteps: Int) {
        (self.arguments, self.totalSteps) = (arguments, totalSteps)
    }

    /// The share of the run that is done before update `step`, from 0.
    private func share(_ step: Int) -> Double { Double(step) / Double(max(totalSteps, 1)) }

    /// The learning rate of update `step`, from 0: a warm-up, the peak, then a line.
    package func rate(at step: Int) -> Double {
        let peak = arguments.learningRate
        let warmup = min(arguments.warmupSteps, totalSteps / 4)
        if step < warmup { return peak * Double(step + 1) / Double(warmup) }
        let fall = (share(step) - arguments.constantShare) / max(1 - arguments.constantShare, 1e-9)
        return peak * (1 - min(max(fall, 0), 1) * (1 - arguments.finalRateShare))
    }

    /// The standard deviation of a location's target, in locations.
    package func spread(at step: Int) -> Double {
        let done = min(share(step) / max(arguments.spreadShare, 1e-9), 1)
        return arguments.firstSpread + (arguments.lastSpread - arguments.firstSpread) * done
    }

    /// What the labels of patches count.
    package func auxiliaryWeight(at step: Int) -> Double {
        share(step) < arguments.auxiliaryShare ? arguments.firstAuxiliaryWeight : arguments.lastAuxiliaryWeight
    }

    /// Which scenes are shown.
    package func stage(at step: Int) -> SceneStage {
        share(step) < arguments.largeShare ? .large : share(step) < arguments.clearShare ? .clear : .all
    }
}
