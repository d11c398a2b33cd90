import Foundation
import TestSupport
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

@Suite("Learning rates are those of transformers' schedules")
struct LearningRateScheduleTests {
    /// A schedule and its rates, made by `Tests/Reference/training/make_schedules.py`.
    struct Case: Decodable, CustomTestStringConvertible, Sendable {
        let kind: String
        let peak: Double
        let warmup: Int
        let total: Int
        let rates: [Double]

        enum CodingKeys: String, CodingKey {
            case kind, peak, rates
            case warmup = "warmup_steps"
            case total = "total_steps"
        }

        var testDescription: String { "\(kind), warm-up \(warmup) of \(total)" }

        static func all() -> [Case] {
            let url = Folders.fixtures.appendingPathComponent("training/schedules-newest.json")
            guard let data = try? Data(contentsOf: url), let cases = try? JSONDecoder().decode([Case].self, from: data)
            else {
                Issue.record("\(url.path) cannot be read")
                return []
            }
            return cases
        }
    }

    @Test("every rate is equal to the last bit", arguments: Case.all())
    func rates(_ fixture: Case) throws {
        var arguments = TrainingArguments()
        arguments.lrSchedulerType = try #require(TrainingArguments.Schedule(rawValue: fixture.kind))
        arguments.learningRate = fixture.peak
        arguments.warmupSteps = fixture.warmup
        let schedule = LearningRateSchedule(arguments, totalSteps: fixture.total)
        #expect(fixture.rates.indices.map(schedule.rate) == fixture.rates)
    }

    @Test("every schedule has a fixture")
    func coverage() {
        #expect(Set(Case.all().map(\.kind)) == Set(TrainingArguments.Schedule.allCases.map(\.rawValue)))
    }
}

@Suite("Arguments that make no sense are refused by name")
struct TrainingArgumentsTests {
    @Test("the defaults are transformers' and are accepted")
    func defaults() throws {
        let arguments = TrainingArguments()
        #expect(throws: Never.self) { try arguments.check() }
        #expect(arguments.numTrainEpochs == 3 && arguments.learningRate == 5e-5 && arguments.maxGradNorm == 1)
        #expect(arguments.perDeviceTrainBatchSize == 8 && arguments.saveSteps == 500 && arguments.seed == 42)
        #expect(arguments.adamBeta1 == 0.9 && arguments.adamBeta2 == 0.999 && arguments.adamEpsilon == 1e-8)
    }

    /// A change to the defaults and the option that the error must name.
    struct Change: CustomTestStringConvertible, Sendable {
        let name: String
        let testDescription: String
        let apply: @Sendable (inout TrainingArguments) -> Void

        init(_ name: String, _ value: String, _ apply: @escaping @Sendable (inout TrainingArguments) -> Void) {
            (self.name, self.apply) = (name, apply)
            testDescription = "\(name) \(value)"
        }
    }

    static let changes = [
        Change("num-train-epochs", "0") { $0.numTrainEpochs = 0 },
        Change("num-train-epochs", "nan") { $0.numTrainEpochs = .nan },
        Change("num-train-epochs", "inf") { $0.numTrainEpochs = .infinity },
        Change("num-train-epochs", "1e300") { $0.numTrainEpochs = 1e300 },
        Change("per-device-train-batch-size", "0") { $0.perDeviceTrainBatchSize = 0 },
        Change("gradient-accumulation-steps", "-1") { $0.gradientAccumulationSteps = -1 },
        Change("warmup-steps", "-1") { $0.warmupSteps = -1 },
        Change("learning-rate", "-1") { $0.learningRate = -1 },
        Change("learning-rate", "nan") { $0.learningRate = .nan },
        Change("weight-decay", "inf") { $0.weightDecay = .infinity },
        Change("adam-beta1", "1") { $0.adamBeta1 = 1 },
        Change("adam-beta2", "-0.1") { $0.adamBeta2 = -0.1 },
        Change("adam-epsilon", "0") { $0.adamEpsilon = 0 },
        Change("max-grad-norm", "nan") { $0.maxGradNorm = .nan },
        Change("logging-steps", "0") { $0.loggingSteps = 0 },
        Change("save-steps", "0") { $0.saveSteps = 0 },
        Change("save-total-limit", "0") { $0.saveTotalLimit = 0 },
    ]

    @Test("the error names the option", arguments: changes)
    func refused(_ change: Change) throws {
        var arguments = TrainingArguments()
        change.apply(&arguments)
        let changed = arguments
        let error = #expect(throws: TrainingError.self) { try changed.check() }
        #expect(try #require(error).description.hasPrefix(change.name + ":"))
    }

    @Test("no epochs are needed where max_steps says how long")
    func maxSteps() {
        var arguments = TrainingArguments()
        (arguments.numTrainEpochs, arguments.maxSteps) = (0, 5)
        let changed = arguments
        #expect(throws: Never.self) { try changed.check() }
        #expect(StepPlan(changed, exampleCount: 4).totalSteps == 5)
    }
}
