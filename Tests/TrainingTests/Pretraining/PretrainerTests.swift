import CPUBackend
import Checkpoints
import Foundation
import Models
import Scenes
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("Training from nothing on drawn scenes, at a small size")
struct PretrainerTests {
    private static let sample = Folders.samples.appendingPathComponent("tiny-paligemma2").path

    /// A run of a model of one layer, 32 wide, that reads what the sample model reads.
    private func pretrainer(
        _ folder: ScratchFolder, _ name: String = "run", processorThreads: Int = 1, type: ElementType = .float32,
        change: (inout PretrainingArguments) -> Void = { _ in }, now: @escaping () -> Double = { 0 }
    ) throws -> Pretrainer {
        let configuration = try PaliGemmaConfiguration(folder: Self.sample).shrunk(hiddenSize: 32, layers: 1)
        let processor = try PaliGemmaProcessor(folder: Self.sample, configuration: configuration)
        var options = CPUOptions()
        options.threads = processorThreads
        let model = try PaliGemma(
            untrained: configuration, locationIDs: processor.tokenizer.locationIDs ?? 0..<0, seed: 3,
            elementType: type, backend: CPUBackend(options))
        var arguments = PretrainingArguments()
        (arguments.maxSteps, arguments.batchSize, arguments.seed) = (6, 4, 3)
        (arguments.warmupSteps, arguments.learningRate, arguments.loggingSteps) = (2, 4e-3, 4)
        arguments.outputDir = "\(folder.path)/\(name)"
        change(&arguments)
        return try Pretrainer(model, processor, arguments, now: now)
    }

    private func bytes(of pretrainer: Pretrainer) throws -> [[UInt8]] {
        try pretrainer.model.parameters.parameters.map { try $0.value.readBytes() }
    }

    @Test("one thread and three give the same bytes, drawing and computing")
    func threads() throws {
        let folder = try ScratchFolder()
        let one = try pretrainer(folder, processorThreads: 1)
        let three = try pretrainer(folder, processorThreads: 3) { $0.generatorThreads = 3 }
        #expect(try one.run() && three.run())
        #expect(try bytes(of: one) == bytes(of: three))
        #expect(one.log == three.log && one.log.map(\.step) == [4, 6])
    }

    @Test(
        "a run that is cut and resumed ends in the same bytes, with the same log",
        arguments: [ElementType.float32, .bfloat16])
    func resume(type: ElementType) throws {
        let folder = try ScratchFolder()
        let whole = try pretrainer(folder, "whole", type: type)
        #expect(try whole.run())
        let cut = try pretrainer(folder, "cut", type: type) { $0.saveSteps = 2 }
        let steps = Mutex(0)
        let isDone = try cut.run(
            shouldStop: { steps.withLock { $0 } == 3 },
            observe: { if case .updated(let step, _, _, _) = $0 { steps.withLock { $0 = step } } })
        #expect(!isDone && cut.step == 3)
        let resumed = try pretrainer(folder, "cut", type: type) { $0.saveSteps = 2 }
        let checkpoint = try #require(Pretrainer.lastCheckpoint(under: "\(folder.path)/cut"))
        #expect(checkpoint.hasSuffix("checkpoint-2"))
        try resumed.resume(from: checkpoint)
        #expect(resumed.step == 2)
        #expect(try resumed.run())
        #expect(try bytes(of: resumed) == bytes(of: whole))
        #expect(resumed.log == whole.log)

        let other = try pretrainer(folder, "cut", type: type) { $0.seed = 4 }
        #expect(throws: TrainingError.self) { try other.resume(from: checkpoint) }
    }

    @Test("micro-batches and several prompts a picture learn from as many prompts, and the loss goes down")
    func learning() throws {
        let folder = try ScratchFolder()
        let pretrainer = try pretrainer(folder) {
            ($0.maxSteps, $0.batchSize, $0.microBatchSize, $0.promptsPerPicture) = (30, 8, 4, 2)
            ($0.generatorThreads, $0.loggingSteps) = (2, 10)
        }
        var losses: [PretrainingUpdate] = []
        _ = try pretrainer.run(observe: { if case .updated(_, _, _, let update) = $0 { losses.append(update) } })
        #expect(pretrainer.samples == 240)
        func mean(_ part: ArraySlice<PretrainingUpdate>, _ value: (PretrainingUpdate) -> Double) -> Double {
            part.reduce(0) { $0 + value($1) } / Double(part.count)
        }
        #expect(losses.allSatisfy { !$0.isSkipped && $0.loss.isFinite && $0.gradientNorm.isFinite })
        #expect(mean(losses.suffix(6), \.textLoss) < 0.8 * mean(losses.prefix(3), \.textLoss))
        #expect(mean(losses.suffix(6), \.auxiliaryLoss) < 0.9 * mean(losses.prefix(3), \.auxiliaryLoss))
        let last = try #require(pretrainer.log.last)
        #expect(last.scores.textAccuracy > 0.1 && last.scores.locationError < 1024)
        #expect(last.scores.locationLoss > last.scores.textLoss)
    }

    @Test("a checkpoint opens as a model, without the maps of patches")
    func checkpoint() throws {
        let folder = try ScratchFolder()
        let pretrainer = try pretrainer(folder) { ($0.maxSteps, $0.saveSteps) = (3, 1) }
        #expect(try pretrainer.run())
        let last = try #require(Pretrainer.lastCheckpoint(under: "\(folder.path)/run"))
        #expect(last.hasSuffix("checkpoint-2"))
        let opened = try PaliGemma(folder: last, elementType: .float32, backend: CPUBackend(CPUOptions()))
        #expect(opened.parameters.parameters.map(\.name) == pretrainer.model.parameters.parameters.map(\.name))
        #expect(try SafetensorsFile(path: last + "/model.safetensors").names.allSatisfy { !$0.contains("auxiliary") })
    }

    @Test("a run whose time is limited is shortened, and says so once")
    func shortening() throws {
        let folder = try ScratchFolder()
        let clock = Mutex(0.0)
        // An update takes a second: 120 of 400 fit, which is known after update 50.
        let pretrainer = try pretrainer(
            folder,
            change: { ($0.maxSteps, $0.batchSize, $0.maxSeconds, $0.constantShare) = (400, 1, 120, 0.5) },
            now: { clock.withLock { $0 } })
        var told: [Int] = []
        let isDone = try pretrainer.run(observe: { event in
            switch event {
            case .updated: clock.withLock { $0 += 1 }
            case .shortened(let steps, _): told.append(steps)
            case .logged, .saved: break
            }
        })
        #expect(isDone && told == [120])
        #expect(pretrainer.step == 120 && pretrainer.totalSteps == 120)
    }

    @Test(
        "arguments that make no sense are refused by name",
        arguments: ["batch-size", "max-steps", "report-to", "location-spread", "max-seconds"])
    func arguments(name: String) throws {
        let folder = try ScratchFolder()
        let error = #expect(throws: TrainingError.self) {
            try pretrainer(folder) { arguments in
                switch name {
                case "batch-size": (arguments.batchSize, arguments.microBatchSize) = (6, 4)
                case "max-steps": arguments.maxSteps = 0
                case "report-to": (arguments.reportTo, arguments.outputDir) = ([.csv], nil)
                case "location-spread": arguments.lastSpread = 0
                default: arguments.maxSeconds = 0
                }
            }
        }
        #expect(error?.description.hasPrefix(name + ":") ?? false, "\(String(describing: error))")
    }
}

@Suite struct PretrainingFeedTests {
    @Test("batches are the same however many threads draw them, and wherever the feed begins")
    func batches() throws {
        let sample = Folders.samples.appendingPathComponent("tiny-paligemma2").path
        let configuration = try PaliGemmaConfiguration(folder: sample)
        let processor = try PaliGemmaProcessor(folder: sample, configuration: configuration)
        let generator = try SceneGenerator(seed: 11)
        func batches(threads: Int, from first: Int, _ count: Int) throws -> [PretrainingBatch] {
            var arguments = PretrainingArguments()
            (arguments.batchSize, arguments.generatorThreads, arguments.batchesAhead) = (40, threads, 2)
            arguments.promptsPerPicture = 2
            let recipe = PretrainingFeed.Recipe(
                generator: generator, processor: processor, arguments: arguments, stage: { $0 < 2 ? .large : .all })
            let feed = PretrainingFeed(recipe, firstBatch: first)
            return try (0..<count).compactMap { _ in try feed.nextBatch(shouldStop: { false }) }
        }
        let one = try batches(threads: 1, from: 0, 4)
        let three = try batches(threads: 3, from: 2, 2)
        for (expected, found) in zip(one.suffix(2), three) {
            #expect(expected.pixels == found.pixels && expected.tokens == found.tokens)
            #expect(expected.kinds == found.kinds && expected.glyphs == found.glyphs)
            #expect(expected.boxPlaces == found.boxPlaces && expected.boxes == found.boxes)
        }
        #expect(one.count == 4 && three.count == 2)
        #expect(one[2].pictureCount == 20 && one[2].tokens.count == 40)
        #expect(one[2].tokens.length <= 256 + 1 + 112 + 16)
        #expect(one[2].kinds.count == 20 * 256 && one[2].boxes.count == 4 * one[2].boxPlaces.count)
    }

    @Test("a feed that is dropped ends its threads, and one that is told to stop returns")
    func stopping() throws {
        let sample = Folders.samples.appendingPathComponent("tiny-paligemma2").path
        let processor = try PaliGemmaProcessor(
            folder: sample, configuration: PaliGemmaConfiguration(folder: sample))
        var arguments = PretrainingArguments()
        (arguments.batchSize, arguments.generatorThreads) = (64, 2)
        let recipe = PretrainingFeed.Recipe(
            generator: try SceneGenerator(seed: 1), processor: processor, arguments: arguments, stage: { _ in .all })
        let feed = PretrainingFeed(recipe, firstBatch: 0)
        #expect(try feed.nextBatch(shouldStop: { true }) == nil)
    }
}

@Suite struct PretrainingScheduleTests {
    @Test("rate, spread, weights and scenes follow the share of the run that is done")
    func schedule() {
        let schedule = PretrainingSchedule(PretrainingArguments(), totalSteps: 1000)
        #expect(schedule.rate(at: 0) == 1.5e-3 / 250)
        #expect(schedule.rate(at: 249) == 1.5e-3 && schedule.rate(at: 299) == 1.5e-3)
        #expect(abs(schedule.rate(at: 650) - 1.5e-3 * (1 - 0.5 * 0.985)) < 1e-9)
        #expect(abs(schedule.rate(at: 1000) - 1.5e-3 * 0.015) < 1e-12)
        #expect(schedule.spread(at: 0) == 14)
        #expect(abs(schedule.spread(at: 300) - 7.6) < 1e-9)
        #expect(abs(schedule.spread(at: 600) - 1.2) < 1e-9 && abs(schedule.spread(at: 999) - 1.2) < 1e-9)
        #expect(schedule.auxiliaryWeight(at: 399) == 0.6 && schedule.auxiliaryWeight(at: 400) == 0.25)
        #expect(schedule.stage(at: 79) == .large && schedule.stage(at: 80) == .clear)
        #expect(schedule.stage(at: 399) == .clear && schedule.stage(at: 400) == .all)
    }
}
