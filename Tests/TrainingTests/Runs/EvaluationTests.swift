import Datasets
import Detection
import Foundation
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("A run is evaluated, keeps its best, and stops when it gets no better")
struct EvaluationTests {
    /// Six updates, evaluated after every second; the split is the first four examples.
    private func arguments(_ tiny: TinyRun, _ folder: String? = nil) -> TrainingArguments {
        var arguments = tiny.arguments
        (arguments.evalStrategy, arguments.evalSteps, arguments.perDeviceEvalBatchSize) = (.steps, 2, 3)
        (arguments.saveStrategy, arguments.saveSteps) = (.steps, 2)
        arguments.outputDir = folder.map { "\(tiny.folder.path)/\($0)" }
        return arguments
    }

    private func trainer(
        _ tiny: TinyRun, _ model: PaliGemma, _ arguments: TrainingArguments
    ) throws -> Trainer {
        let split = EvaluationSplit(examples: tiny.examples.prefix(4).map(tiny.labelled), classes: ["card"])
        return try Trainer(
            model, tiny.processor, examples: tiny.examples, loader: tiny.loader(), evaluation: split, arguments)
    }

    @Test("evaluations come when due, with a loss, scores and pictures; training does not notice them")
    func evaluations() throws {
        let tiny = try TinyRun()
        let (watched, alone) = (try tiny.model(), try tiny.model())
        var found: [EvaluationRecord] = []
        var pictures = 0
        let outcome = try trainer(tiny, watched, arguments(tiny)).run(observe: {
            if case .evaluated(let record, _, let shown) = $0 {
                found.append(record)
                pictures += shown.count
            }
        })
        #expect(outcome.evaluations == found && found.map(\.step) == [2, 4, 6] && pictures == 12)
        #expect(found.allSatisfy { $0.loss.isFinite && $0.map50 != nil && $0.classes.map(\.targetCount) == [7] })
        #expect(found[2].loss < found[0].loss)
        _ = try tiny.trainer(alone, tiny.arguments).run()
        #expect(try trainedBytes(watched) == trainedBytes(alone))

        var epochs = arguments(tiny)
        (epochs.evalStrategy, epochs.evalSteps) = (.epoch, nil)
        #expect(try trainer(tiny, tiny.model(), epochs).run().evaluations.map(\.step) == [3, 6])
    }

    @Test("the loss is the mean over all labels, whatever the batches")
    func loss() throws {
        let tiny = try TinyRun()
        let losses = try [1, 3, 8].map { size in
            var settings = arguments(tiny)
            (settings.maxSteps, settings.perDeviceEvalBatchSize) = (2, size)
            return try trainer(tiny, tiny.model(), settings).run().evaluations[0].loss
        }
        #expect(abs(losses[0] - losses[1]) < 1e-6 * losses[0] && abs(losses[0] - losses[2]) < 1e-6 * losses[0])
        // By hand, from one example at a time.
        var settings = arguments(tiny)
        settings.maxSteps = 2
        let model = try tiny.model()
        _ = try trainer(tiny, model, settings).run()
        var (sum, count) = (0.0, 0)
        for example in tiny.examples.prefix(4) {
            let tokens = try tiny.processor.batch(prefixes: [example.prefix], suffixes: [example.suffix])
            let features = try tiny.loader().features(of: [example.imagePath], model)
            let labels = tokens.predictions.labels.count
            let mean = try model.losses(tokens, features: features).floats().reduce(0) { $0 + Double($1) }
            (sum, count) = (sum + mean * Double(labels), count + labels)
        }
        #expect(abs(losses[0] - sum / Double(count)) < 1e-6 * losses[0])
    }

    @Test("a run that is cut and resumed ends in the same bytes, across evaluations")
    func resume() throws {
        let tiny = try TinyRun()
        _ = try trainer(tiny, tiny.model(.adapter), arguments(tiny, "whole")).run()
        let cut = arguments(tiny, "cut")
        var steps = 0
        _ = try trainer(tiny, tiny.model(.adapter), cut).run(
            shouldStop: { steps == 3 },
            observe: {
                if case .updated = $0 { steps += 1 }
            })
        let second = try trainer(tiny, tiny.model(.adapter), cut)
        try second.resume(from: "\(tiny.folder.path)/cut/checkpoint-2")
        #expect(second.evaluations.map(\.step) == [2])
        _ = try second.run()
        for name in ["checkpoint-4", "checkpoint-6"] {
            #expect(
                try fileBytes("\(tiny.folder.path)/cut/\(name)") == fileBytes("\(tiny.folder.path)/whole/\(name)"))
        }
    }

    @Test("a run that is stopped in an evaluation makes it again when it goes on")
    func stoppedInside() throws {
        let tiny = try TinyRun()
        let whole = try trainer(tiny, tiny.model(), arguments(tiny)).run()
        let trainer = try trainer(tiny, tiny.model(), arguments(tiny))
        var isEvaluating = false
        let first = try trainer.run(
            shouldStop: { isEvaluating },
            observe: {
                if case .evaluating = $0 { isEvaluating = true }
            })
        #expect(first.isInterrupted && first.step == 2 && first.evaluations.isEmpty)
        let second = try trainer.run()
        #expect(!second.isInterrupted && second.evaluations == whole.evaluations && second.log == whole.log)
    }

    /// The rate is so large that nothing is ever detected: map50 stays what it was at first.
    private func diverging(_ tiny: TinyRun, _ folder: String) -> TrainingArguments {
        var arguments = arguments(tiny, folder)
        (arguments.learningRate, arguments.numTrainEpochs, arguments.maxGradNorm) = (0.3, 6, 0)
        (arguments.evalSteps, arguments.saveSteps, arguments.warmupSteps) = (1, 4, 0)
        (arguments.lrSchedulerType, arguments.metricForBestModel) = (.constant, .map50)
        return arguments
    }

    @Test("the best weights are taken back at the end, and its checkpoint outlives the limit")
    func best() throws {
        let tiny = try TinyRun()
        var settings = diverging(tiny, "best")
        (settings.loadBestModelAtEnd, settings.saveTotalLimit) = (true, 1)
        let model = try tiny.model()
        let trainer = try trainer(tiny, model, settings)
        var loaded: [Int] = []
        let outcome = try trainer.run(observe: {
            if case .loadedBest(let step, _) = $0 { loaded.append(step) }
        })
        let best = try #require(trainer.bestStep)
        let scores = outcome.evaluations.compactMap(\.map50)
        #expect(best < 18 && scores.count == 18 && scores.firstIndex(of: scores.max() ?? 0) == best - 1)
        #expect(loaded == [best])
        #expect(Trainer.checkpoints(under: settings.outputDir ?? "").map(\.step) == [best, 18])
        let copy = try tiny.model()
        let other = try self.trainer(tiny, copy, settings)
        try other.resume(from: Trainer.folder(ofStep: best, under: settings.outputDir ?? ""))
        #expect(try trainedBytes(model) == trainedBytes(copy))
    }

    @Test("a run stops after so many evaluations that are no better")
    func early() throws {
        let tiny = try TinyRun()
        var settings = diverging(tiny, "early")
        settings.earlyStoppingPatience = 3
        let trainer = try trainer(tiny, tiny.model(), settings)
        var told: [Int] = []
        let outcome = try trainer.run(observe: {
            if case .stoppedEarly(let step, let count) = $0 {
                told.append(step)
                #expect(count == 3)
            }
        })
        let best = try #require(trainer.bestStep)
        #expect(outcome.isStoppedEarly && !outcome.isInterrupted && outcome.step == best + 3 && told == [best + 3])
        #expect(Trainer.checkpoints(under: settings.outputDir ?? "").last?.step == best + 3)
    }

    @Test("the best of several, with ties, gaps and both directions")
    func choosing() {
        func records(_ values: [Double?]) -> [EvaluationRecord] {
            values.enumerated().map {
                EvaluationRecord(step: $0, epoch: 0, loss: $1 ?? .nan, map50: $1, classes: [])
            }
        }
        for (values, metric, best, since) in [
            ([3, 2, 2, 4], .loss, 1, 2), ([0.1, 0.4, 0.4], .map50, 1, 1), ([nil, nil], .map50, nil, 2),
            ([nil, 5], .loss, 1, 0), ([], .loss, nil, 0),
        ] as [([Double?], TrainingArguments.BestMetric, Int?, Int)] {
            #expect(records(values).bestIndex(by: metric) == best)
            #expect(records(values).countWithoutImprovement(by: metric) == since)
        }
    }

    @Test("an evaluation without examples is refused")
    func refused() throws {
        let tiny = try TinyRun()
        let error = #expect(throws: TrainingError.self) { try tiny.trainer(tiny.model(), arguments(tiny)) }
        #expect(try #require(error).description.hasPrefix("eval-strategy:"))
    }
}
