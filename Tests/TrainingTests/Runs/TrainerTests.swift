import Datasets
import Foundation
import Images
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("A run trains, logs and counts what it was asked to")
struct TrainerTests {
    @Test("the loss falls, events come in order, and the outcome says what happened")
    func run() throws {
        let tiny = try TinyRun()
        var arguments = tiny.arguments
        (arguments.numTrainEpochs, arguments.loggingSteps) = (8, 3)
        var events: [TrainingEvent] = []
        let outcome = try tiny.trainer(tiny.model(), arguments).run(observe: { events.append($0) })
        #expect(outcome.step == 24 && outcome.totalSteps == 24 && !outcome.isInterrupted && outcome.skippedSteps == 0)
        #expect(outcome.log.map(\.step) == Array(stride(from: 3, through: 24, by: 3)))
        let (start, last) = (try #require(outcome.log.first), try #require(outcome.log.last))
        #expect(last.loss < 0.7 * start.loss, "from \(start.loss) to \(last.loss)")
        #expect(last.epoch == 8 && last.gradientNorm > 0)
        guard case .started(let banner) = try #require(events.first) else {
            Issue.record("the first event is no banner")
            return
        }
        #expect(banner.exampleCount == 6 && banner.batchSize == 1)
        #expect(banner.accumulation == 2 && banner.totalBatchSize == 2)
        let row = banner.firstRow
        #expect(
            row.parts.map(\.isLearned) == [false, true] && row.tokenCount == row.parts.map(\.tokenCount).reduce(0, +))
        #expect(row.parts[0].text == "<image> x 4 <bos>detect card\\n", "\(row.parts[0].text)")
        let first = try #require(tiny.examples.first { $0.imageName == row.imageName })
        #expect(row.parts[1].text == first.suffix + "<eos>" && row.learnedCount == row.parts[1].tokenCount)
        #expect(banner.epochs == 8 && banner.firstStep == 0 && banner.trainableCount < banner.parameterCount)
        let statuses = events.compactMap { event in
            if case .updated(let status) = event { status } else { nil }
        }
        #expect(statuses.map(\.step) == Array(1...24))
        #expect(statuses.last?.exampleCount == 48)
        #expect(events.count == 1 + 24 + 8)
    }

    @Test("frozen weights keep their bytes, trained ones change", arguments: TinyRun.Trained.allCases)
    func frozen(_ trained: TinyRun.Trained) throws {
        let tiny = try TinyRun()
        let (model, untouched) = (try tiny.model(trained), try tiny.model(trained))
        _ = try tiny.trainer(model, tiny.arguments).run()
        for (after, before) in zip(model.parameters.parameters, untouched.parameters.parameters) {
            let isSame = try after.value.readBytes() == before.value.readBytes()
            // The window and the softmax leave a key's bias a gradient of rounding alone, which Adam still follows.
            #expect(isSame != after.isTrainable, "\(after.name)")
        }
    }

    @Test("the log states the update's own rate, and under hf-4.47.0 the next one's")
    func loggedRates() throws {
        let tiny = try TinyRun()
        for (compatibility, rates) in [
            (TrainingArguments.Compatibility.newest, [0, 1e-2, 8e-3, 6e-3, 4e-3, 2e-3]),
            (.period, [1e-2, 8e-3, 6e-3, 4e-3, 2e-3, 0]),
        ] {
            var arguments = tiny.arguments
            (arguments.loggingSteps, arguments.compatibility) = (1, compatibility)
            let found = try tiny.trainer(tiny.model(), arguments).run().log.map(\.learningRate)
            expectClose(found.map(Float.init), rates.map(Float.init), relative: 1e-6, "\(compatibility)")
        }
    }

    @Test("epochs go through the examples in orders of their own, the same for the same seed")
    func shuffling() throws {
        let tiny = try TinyRun()
        func losses(seed: UInt64) throws -> [Double] {
            var arguments = tiny.arguments
            // A rate of zero: each epoch's losses are those of its order.
            (arguments.seed, arguments.learningRate, arguments.loggingSteps) = (seed, 0, 1)
            (arguments.gradientAccumulationSteps, arguments.weightDecay) = (1, 0)
            return try tiny.trainer(tiny.model(), arguments).run().log.map(\.loss)
        }
        let found = try losses(seed: 1)
        #expect(Set(found.prefix(6)) == Set(found.suffix(6)) && Set(found).count == 6)
        #expect(Array(found.prefix(6)) != Array(found.suffix(6)))
        #expect(try losses(seed: 1) == found)
        #expect(try losses(seed: 2) != found)
    }

    @Test("the weights have the same bytes at 1, 2 and 3 threads", arguments: [ElementType.float32, .bfloat16])
    func threads(_ type: ElementType) throws {
        let tiny = try TinyRun()
        let results = try [1, 2, 3].map { threads in
            let model = try tiny.model(.everything, type, threads: threads)
            _ = try tiny.trainer(model, tiny.arguments).run()
            return try trainedBytes(model)
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    @Test("frozen features are computed once, and training with them gives the same bytes")
    func featureCache() throws {
        let tiny = try TinyRun()
        let results = try [1 << 20, 0].map { budget in
            let (model, loader) = (try tiny.model(), tiny.loader(budget: budget))
            _ = try tiny.trainer(model, tiny.arguments, loader: loader).run()
            return (cache: loader.cache, weights: try trainedBytes(model))
        }
        #expect(results[0].cache.hits == 6 && results[0].cache.misses == 6)
        #expect(results[1].cache.hits == 0 && results[1].cache.misses == 12)
        #expect(results[0].weights == results[1].weights)
    }

    @Test("a tower that learns is run each time, and old features are forgotten")
    func learningTower() throws {
        let tiny = try TinyRun()
        let loader = tiny.loader()
        _ = try tiny.trainer(tiny.model(), tiny.arguments, loader: loader).run()
        #expect(loader.cache.byteCount > 0)
        let hits = loader.cache.hits
        _ = try tiny.trainer(tiny.model(.everything), tiny.arguments, loader: loader).run()
        #expect(loader.cache.byteCount == 0 && loader.cache.hits == hits)
    }

    @Test("updates that are not finite are skipped and counted, and the weights stay")
    func notFinite() throws {
        let tiny = try TinyRun()
        let model = try tiny.model()
        let engine = try UpdateEngine(model, tiny.arguments, totalSteps: 6)
        let tokens = try tiny.processor.batch(prefixes: ["detect card"], suffixes: ["card"])
        func features(_ value: Float) throws -> TrainingBatch {
            TrainingBatch(
                tokens: tokens, pictures: .features(try .filled(value, shape: [4, 16], .float32, on: model.backend)))
        }
        _ = try engine.update([features(0.5)])
        let before = try trainedBytes(model)
        let skipped = try engine.update([features(0.5), features(.nan)])
        #expect(skipped.isSkipped && engine.step == 2 && engine.optimizer.step == 1)
        #expect(try trainedBytes(model) == before)
        let next = try engine.update([features(0.5)])
        #expect(!next.isSkipped && engine.step == 3 && engine.optimizer.step == 2)
        #expect(try trainedBytes(model) != before)
    }

    @Test("a run of skipped updates ends, logs no loss, and its checkpoint is whole")
    func allSkipped() throws {
        let tiny = try TinyRun()
        let model = try tiny.model()
        let norm = try #require(model.parameters["language_model.model.norm.weight"])
        norm.value = try .filled(.nan, shape: norm.shape, .float32, on: model.backend)
        var arguments = tiny.arguments
        arguments.outputDir = tiny.folder.path + "/run"
        let outcome = try tiny.trainer(model, arguments).run()
        #expect(outcome.skippedSteps == 6 && outcome.step == 6 && outcome.meanLoss.isNaN)
        #expect(outcome.log.map(\.loss.isNaN) == [true])
        let again = try tiny.trainer(tiny.model(), arguments)
        try again.resume(from: arguments.outputDir.map { $0 + "/checkpoint-6" } ?? "")
        #expect(again.log.map(\.loss.isNaN) == [true] && again.engine.optimizer.step == 0)
    }

    @Test("nothing to train, no examples, and a picture that cannot be read are errors")
    func errors() throws {
        let tiny = try TinyRun()
        let frozen = try tiny.model()
        frozen.parameters.freeze { _ in true }
        #expect(throws: TrainingError.self) { try tiny.trainer(frozen, tiny.arguments) }
        let model = try tiny.model()
        #expect(throws: TrainingError.self) {
            try Trainer(model, tiny.processor, examples: [], loader: tiny.loader(), tiny.arguments)
        }
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: tiny.examples[3].imagePath))
        let trainer = try tiny.trainer(model, tiny.arguments)
        let error = #expect(throws: TrainingError.self) { _ = try trainer.run() }
        #expect(try #require(error).description.contains("3.png"))
    }
}
