import Detection
import Models
import Testing

@testable import Training

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
