import CPUBackend
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("A run whose memory runs short goes on from the same update by a smaller plan")
struct ShortMemoryTests {
    /// Six updates of three examples in one micro-batch, with dropout where there is an adapter.
    private func arguments(_ tiny: TinyRun) -> TrainingArguments {
        var arguments = tiny.arguments
        (arguments.perDeviceTrainBatchSize, arguments.gradientAccumulationSteps) = (3, 1)
        (arguments.numTrainEpochs, arguments.loggingSteps) = (3, 1)
        return arguments
    }

    private func backend(_ model: PaliGemma) throws -> CPUBackend { try #require(model.backend as? CPUBackend) }

    /// The losses of a run that takes a plan after some updates.
    private func losses(
        _ tiny: TinyRun, _ trained: TinyRun.Trained, _ arguments: TrainingArguments, plan: RunningPlan, after step: Int
    ) throws -> (losses: [Double], bytes: [String: [UInt8]]) {
        let model = try tiny.model(trained)
        let trainer = try tiny.trainer(model, arguments)
        var made = 0
        _ = try trainer.run(
            shouldStop: { made == step },
            observe: { event in
                if case .updated(let status) = event { made = status.step }
            })
        trainer.take(plan)
        _ = try trainer.run()
        return (trainer.losses, try trainedBytes(model))
    }

    @Test(
        "out of memory: the update is made again with half the batch, and all that follows is as by that plan",
        arguments: TinyRun.Trained.allCases)
    func outOfMemory(_ trained: TinyRun.Trained) throws {
        let tiny = try TinyRun()
        let arguments = arguments(tiny)
        // What an update takes by either plan decides a bound between the two.
        var smaller = RunningPlan(arguments)
        (smaller.batchSize, smaller.gradientCheckpointing) = (2, true)
        let peaks = try [RunningPlan(arguments), smaller].map { plan in
            let model = try tiny.model(trained)
            let trainer = try tiny.trainer(model, arguments)
            trainer.take(plan)
            _ = try trainer.run()
            return model.backend.memory.peak
        }
        try #require(peaks[1] < peaks[0])

        let model = try tiny.model(trained)
        let (device, trainer) = (try backend(model), try tiny.trainer(model, arguments))
        var changes: [PlanChange] = []
        let outcome = try trainer.run(observe: { event in
            switch event {
            case .updated(let status) where status.step == 2: device.memoryLimit = (peaks[0] + peaks[1]) / 2
            case .shrunk(let change): changes.append(change)
            default: break
            }
        })
        #expect(outcome.step == 6 && outcome.skippedSteps == 0)
        let change = try #require(changes.first)
        #expect(changes.count == 1 && change.step == 2 && change.after == smaller && change.accumulation == 2)
        guard case .outOfMemory(_, let byteCount) = change.reason else {
            Issue.record("the reason is \(change.reason)")
            return
        }
        #expect(byteCount > 0 && model.backend.memory.peak <= peaks[0])
        let expected = try losses(tiny, trained, arguments, plan: smaller, after: 2)
        #expect(trainer.losses == expected.losses)
        #expect(try trainedBytes(model) == expected.bytes)
    }

    @Test("over the threshold: the update that was made stays, the next one goes by the smaller plan")
    func threshold() throws {
        let tiny = try TinyRun()
        let arguments = arguments(tiny)
        let model = try tiny.model(.adapter)
        let trainer = try tiny.trainer(model, arguments)
        trainer.memoryWatch = MemoryWatch(threshold: 0.9) { [unowned trainer] in
            // The first plan fills 95 of 100 bytes from the third update on, the second 60.
            let isFull = trainer.engine.step >= 2 && trainer.engine.plan.batchSize == 3
            return [
                MemoryUse(place: "machine", used: isFull ? 95 : 60, limit: 100, own: 50),
                MemoryUse(place: "others", used: 99, limit: 100, own: 1),
            ]
        }
        var changes: [PlanChange] = []
        _ = try trainer.run(observe: { if case .shrunk(let change) = $0 { changes.append(change) } })
        var smaller = RunningPlan(arguments)
        (smaller.batchSize, smaller.gradientCheckpointing) = (2, true)
        #expect(changes.map(\.step) == [3] && changes.map(\.after) == [smaller])
        let use = MemoryUse(place: "machine", used: 95, limit: 100, own: 50)
        #expect(changes.map(\.reason) == [.threshold(use, share: 0.9)])
        let expected = try losses(tiny, .adapter, arguments, plan: smaller, after: 3)
        #expect(trainer.losses == expected.losses)
    }

    @Test("plans get smaller step by step, down to one example whose features are not kept")
    func ladder() throws {
        var arguments = TrainingArguments()
        (arguments.perDeviceTrainBatchSize, arguments.gradientAccumulationSteps) = (5, 2)
        var plans = [RunningPlan(arguments)]
        while let next = plans.last?.smaller(arguments) { plans.append(next) }
        #expect(plans.map(\.batchSize) == [5, 3, 2, 1, 1])
        #expect(plans.map { $0.accumulation(arguments) } == [2, 4, 6, 10, 10])
        #expect(plans.map(\.gradientCheckpointing) == [false, true, true, true, true])
        #expect(plans.map(\.keepsFeatures) == [true, true, true, true, false])
        // Release 4.47 sums means of micro-batches: another batch would be another gradient.
        arguments.compatibility = .period
        #expect(RunningPlan(arguments).smaller(arguments)?.batchSize == 5)
        arguments.perDeviceEvalBatchSize = 3
        #expect(RunningPlan(arguments).smallerForEvaluation?.evalBatchSize == 2)
    }

    @Test("where nothing smaller is left the run fails, leaves the weights, and can go on later")
    func noWayOut() throws {
        let tiny = try TinyRun()
        let model = try tiny.model()
        let (device, trainer) = (try backend(model), try tiny.trainer(model, arguments(tiny)))
        let before = try trainedBytes(model)
        device.memoryLimit = device.memory.allocated
        let error = #expect(throws: TrainingError.self) { try trainer.run() }
        #expect(error?.shortage != nil && trainer.engine.step == 0)
        #expect(try trainedBytes(model) == before)
        device.memoryLimit = nil
        #expect(try trainer.run().step == 6)
    }

    @Test("a checkpoint knows the smaller plan, and the rest of the run gives the same bytes")
    func resuming() throws {
        let tiny = try TinyRun()
        var arguments = arguments(tiny)
        (arguments.outputDir, arguments.saveSteps) = ("\(tiny.folder.path)/run", 3)
        var smaller = RunningPlan(arguments)
        (smaller.batchSize, smaller.gradientCheckpointing) = (2, true)
        let expected = try losses(tiny, .adapter, arguments, plan: smaller, after: 2)
        let model = try tiny.model(.adapter)
        let trainer = try tiny.trainer(model, arguments)
        try trainer.resume(from: "\(tiny.folder.path)/run/checkpoint-3")
        #expect(trainer.engine.plan == smaller)
        _ = try trainer.run()
        #expect(try trainedBytes(model) == expected.bytes)
    }

    @Test("an evaluation without memory is made again with a smaller batch")
    func evaluating() throws {
        let tiny = try TinyRun()
        var arguments = arguments(tiny)
        (arguments.evalStrategy, arguments.perDeviceEvalBatchSize) = (.epoch, 6)
        func run(_ limit: Int?) throws -> (records: [EvaluationRecord], peak: Int, changes: [PlanChange]) {
            let model = try tiny.model(.adapter)
            let split = EvaluationSplit(examples: tiny.examples.map(tiny.labelled), classes: ["card"])
            let trainer = try Trainer(
                model, tiny.processor, examples: tiny.examples, loader: tiny.loader(), evaluation: split, arguments)
            try backend(model).memoryLimit = limit
            var changes: [PlanChange] = []
            let outcome = try trainer.run(observe: { if case .shrunk(let change) = $0 { changes.append(change) } })
            return (outcome.evaluations, model.backend.memory.peak, changes)
        }
        let free = try run(nil)
        let bound = try run(free.peak - 1024)
        try #require(bound.changes.first?.isEvaluation == true, "training takes more than its evaluation here")
        #expect(bound.records.map(\.map50) == free.records.map(\.map50))
        for (a, b) in zip(bound.records, free.records) { #expect(abs(a.loss - b.loss) < 1e-5 * b.loss) }
    }
}
