import Testing

@testable import Training

@Suite("A run's updates are counted and filled as transformers' Trainer does")
struct StepPlanTests {
    /// What a run is asked for, and how many updates it makes in either release.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var examples = 10
        var batch = 1
        var accumulation = 4
        var epochs = 2.0
        var maxSteps = -1
        let newest: Int
        let period: Int

        func plan(_ compatibility: TrainingArguments.Compatibility) -> StepPlan {
            var arguments = TrainingArguments()
            arguments.perDeviceTrainBatchSize = batch
            arguments.gradientAccumulationSteps = accumulation
            arguments.numTrainEpochs = epochs
            arguments.maxSteps = maxSteps
            arguments.compatibility = compatibility
            return StepPlan(arguments, exampleCount: examples)
        }
    }

    /// The first two are what the fixtures of `training/` ran; the others follow
    /// `Trainer._inner_training_loop` of 4.47.0, and `set_initial_training_values` of 5.23.0.
    static let cases = [
        Case(testDescription: "groups with a smaller last one", newest: 6, period: 4),
        Case(testDescription: "pairs", batch: 2, accumulation: 1, epochs: 1, newest: 5, period: 5),
        Case(testDescription: "a smaller last batch", examples: 9, batch: 2, accumulation: 1, newest: 10, period: 10),
        Case(testDescription: "whole groups", examples: 8, newest: 4, period: 4),
        Case(testDescription: "fewer batches than a group", examples: 3, newest: 2, period: 2),
        Case(testDescription: "one example", examples: 1, epochs: 3, newest: 3, period: 3),
        Case(testDescription: "half an epoch", epochs: 0.5, newest: 2, period: 1),
        Case(testDescription: "an epoch and a half", epochs: 1.5, newest: 5, period: 3),
        Case(testDescription: "max_steps beyond the epochs", maxSteps: 100, newest: 100, period: 100),
        Case(testDescription: "max_steps within an epoch", maxSteps: 1, newest: 1, period: 1),
    ]

    @Test("the number of updates", arguments: cases)
    func totals(_ shape: Case) {
        #expect(shape.plan(.newest).totalSteps == shape.newest)
        #expect(shape.plan(.period).totalSteps == shape.period)
    }

    @Test("each epoch goes through every example once, in the order given", arguments: cases)
    func coverage(_ shape: Case) {
        let plan = shape.plan(.newest)
        let order = Array((0..<shape.examples).reversed())
        for epoch in 0..<2 {
            let steps = (0..<plan.updatesPerEpoch).map { epoch * plan.updatesPerEpoch + $0 }
            #expect(steps.allSatisfy { plan.epoch(of: $0) == epoch })
            let groups = steps.map { plan.microBatches(of: $0, order: order) }
            #expect(groups.flatMap { $0.flatMap { $0 } } == order)
            #expect(groups.allSatisfy { !$0.isEmpty && $0.count <= shape.accumulation })
            #expect(groups.joined().allSatisfy { !$0.isEmpty && $0.count <= shape.batch })
        }
    }
}
