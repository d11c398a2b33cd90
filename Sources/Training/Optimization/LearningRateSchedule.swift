import Glibc

/// The learning rate of each update: a warm-up from zero, then what the schedule says.
///
/// - Source: transformers' `get_linear_schedule_with_warmup` and its siblings.
package struct LearningRateSchedule: Sendable, Equatable {
    package let kind: TrainingArguments.Schedule
    package let peak: Double
    package let warmupSteps: Int
    package let totalSteps: Int

    /// The schedule of a run.
    package init(_ arguments: TrainingArguments, totalSteps: Int) {
        kind = arguments.lrSchedulerType
        peak = arguments.learningRate
        warmupSteps = kind == .constant ? 0 : arguments.warmupSteps(ofTotal: totalSteps)
        self.totalSteps = totalSteps
    }

    /// The rate of update `step`, from 0.
    package func rate(at step: Int) -> Double {
        if step < warmupSteps { return peak * (Double(step) / Double(max(1, warmupSteps))) }
        switch kind {
        case .constant, .constantWithWarmup: return peak
        case .linear:
            return peak * max(0, Double(totalSteps - step) / Double(max(1, totalSteps - warmupSteps)))
        case .cosine:
            let progress = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
            return peak * max(0, 0.5 * (1 + cos(.pi * progress)))
        }
    }
}
