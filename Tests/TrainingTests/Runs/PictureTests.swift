import CPUBackend
import Detection
import Images
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("Features are kept as long as they are true and there is room")
struct FeatureCacheTests {
    private func features(_ value: Float, rows: Int = 4) throws -> Tensor {
        try .filled(value, shape: [rows, 8], .float32, on: CPUBackend())
    }

    @Test("the least recently used go first, and bytes are counted")
    func leastRecent() throws {
        let cache = FeatureCache(budget: 2 * 4 * 8 * 4)
        cache.keep(try features(1), of: "a")
        cache.keep(try features(2), of: "b")
        #expect(cache.features(of: "a") != nil)
        cache.keep(try features(3), of: "c")
        #expect(cache.features(of: "b") == nil)
        #expect(try cache.features(of: "a")?.floats().first == 1)
        #expect(try cache.features(of: "c")?.floats().first == 3)
        #expect(cache.byteCount == 256 && cache.hits == 3 && cache.misses == 1)
        cache.keep(try features(4), of: "c")
        #expect(try cache.features(of: "c")?.floats().first == 4)
        #expect(cache.byteCount <= cache.budget)
        cache.removeAll()
        #expect(cache.byteCount == 0 && cache.features(of: "a") == nil)
    }

    @Test("what is larger than the budget is not kept, and pushes nothing out")
    func tooLarge() throws {
        let cache = FeatureCache(budget: 200)
        cache.keep(try features(1), of: "a")
        cache.keep(try features(2, rows: 40), of: "b")
        #expect(cache.features(of: "a") != nil && cache.features(of: "b") == nil)
    }
}

@Suite("Pictures become features, each once")
struct PictureLoaderTests {
    @Test("kept features, features of a batch and features alone have the same bits")
    func sameBits() throws {
        let tiny = try TinyRun()
        let model = try tiny.model()
        let paths = tiny.examples.map(\.imagePath)
        let loader = tiny.loader()
        let together = try loader.features(of: paths, model).floats()
        #expect(together.count == 6 * 4 * 16)
        #expect(try loader.features(of: paths, model).floats() == together)
        #expect(loader.cache.hits == 6)
        let alone = try paths.flatMap { try tiny.loader().features(of: [$0], model).floats() }
        #expect(alone == together)
        // Some kept, some not, one twice.
        let mixed = tiny.loader()
        _ = try mixed.features(of: [paths[1]], model)
        let found = try mixed.features(of: [paths[0], paths[1], paths[0]], model).floats()
        #expect(found == Array(together[0..<64]) + Array(together[64..<128]) + Array(together[0..<64]))
    }

    @Test("a picture that changes on the disk is read again")
    func changed() throws {
        let tiny = try TinyRun()
        let (model, loader, path) = (try tiny.model(), tiny.loader(), tiny.examples[0].imagePath)
        let before = try loader.features(of: [path], model).floats()
        try ImageBuffer(width: 9, height: 9, fill: Color(red: 9, green: 99, blue: 199)).write(toPNG: path)
        #expect(try loader.features(of: [path], model).floats() != before)
    }

    @Test("a missing picture is an error that names it")
    func missing() throws {
        let tiny = try TinyRun()
        let model = try tiny.model()
        let error = #expect(throws: TrainingError.self) {
            try tiny.loader().features(of: [tiny.folder.path + "/none.png"], model)
        }
        #expect(try #require(error).description.contains("none.png"))
    }
}

@Suite("A detector answers each picture as if it were alone")
struct DetectorTests {
    private func answers(
        _ tiny: TinyRun, _ model: PaliGemma, batch: Int, shouldStop: () -> Bool = { false }
    ) throws -> [DetectionAnswer] {
        let detector = Detector(model, tiny.processor, tiny.loader())
        (detector.batchSize, detector.maxNewTokens) = (batch, 6)
        return try detector.answers(
            to: tiny.examples.map { DetectionQuery($0, classes: ["card"]) }, shouldStop: shouldStop)
    }

    @Test("whatever the batch, and whether the tower is frozen or not")
    func batches() throws {
        let tiny = try TinyRun()
        let model = try tiny.model()
        let together = try answers(tiny, model, batch: 6)
        #expect(together.count == 6)
        #expect(try answers(tiny, model, batch: 1) == together)
        #expect(try answers(tiny, model, batch: 4) == together)
        #expect(try answers(tiny, tiny.model(.everything), batch: 4) == together)
    }

    @Test("a model that learned its answers by heart finds the boxes in pixels")
    func boxes() throws {
        let tiny = try TinyRun()
        let model = try tiny.model(.everything)
        var arguments = tiny.arguments
        (arguments.numTrainEpochs, arguments.perDeviceTrainBatchSize) = (60, 2)
        arguments.gradientAccumulationSteps = 1
        let example = tiny.examples[0]
        let trainer = try Trainer(
            model, tiny.processor, examples: [example, example], loader: tiny.loader(), arguments)
        _ = try trainer.run()
        let detector = Detector(model, tiny.processor, tiny.loader())
        let answer = try #require(try detector.answers(to: [DetectionQuery(example, classes: ["card"])]).first)
        #expect(answer.text == example.suffix && answer.isEnded && answer.rejected.isEmpty)
        // <loc0100><loc0200><loc0300><loc0400> is y1 x1 y2 x2 in 1024ths of 16 x 20 pixels.
        let box = try #require(answer.detections.boxes.first)
        #expect(box == Box(xMin: 20 * 200 / 1024, yMin: 16 * 100 / 1024, xMax: 20 * 400 / 1024, yMax: 16 * 300 / 1024))
    }

    @Test("stopping keeps the answers of whole batches, and no pictures give no answers")
    func stopping() throws {
        let tiny = try TinyRun()
        let model = try tiny.model()
        #expect(try answers(tiny, model, batch: 2, shouldStop: { true }).isEmpty)
        let detector = Detector(model, tiny.processor, tiny.loader())
        #expect(try detector.answers(to: []).isEmpty)
        (detector.batchSize, detector.maxNewTokens) = (2, 2)
        var done = 0
        let some = try detector.answers(
            to: tiny.examples.map { DetectionQuery($0, classes: nil) }, shouldStop: { done >= 4 },
            observe: { done = $0 })
        #expect(some.count == 4)
    }
}
