import Datasets
import Detection
import Models
import TestSupport
import Testing

@testable import Training

@Suite("The noise-box recipe teaches a fixed number of boxes, and where nothing is, only that")
struct NoiseBoxTests {
    private let tiny: TinyRun
    private let recipe: NoiseBoxRecipe

    init() throws {
        tiny = try TinyRun()
        recipe = try #require(NoiseBoxRecipe(classes: ["card"], objectCount: 5))
    }

    private var batches: NoiseBoxBatches { NoiseBoxBatches(recipe: recipe, processor: tiny.processor, seed: 3) }

    @Test("real boxes come first and are learned, noise follows without its locations; the end is learned")
    func labels() throws {
        let base = try #require(tiny.processor.tokenizer.locationBase)
        for (place, example) in tiny.examples.enumerated() {
            let real = 1 + place % 3
            let (ids, labels) = batches.suffix(of: example, place: place, epoch: 0)
            #expect(ids.count == labels.count && labels.last == tiny.processor.specialIDs.end)
            let text = tiny.processor.text(of: ids)
            let (found, rejected) = LocationText.parse(text, imageWidth: 1024, imageHeight: 1024)
            #expect(rejected.isEmpty && found.classNames == (0..<5).map { $0 < real ? "card" : "noise" })
            #expect(found.boxes.allSatisfy { $0.xMin <= $0.xMax && $0.yMin <= $0.yMax })
            let places = ids.indices.filter { (base..<base + 1024).contains(ids[$0]) }
            #expect(places.count == 20)
            for (number, at) in places.enumerated() {
                #expect(labels[at] == (number < 4 * real ? ids[at] : TokenBatch.ignoredLabel))
            }
            #expect(ids.indices.allSatisfy { places.contains($0) || labels[$0] == ids[$0] })
        }
    }

    @Test("more real boxes than the number are cut; epochs differ, and the same epoch is the same")
    func epochs() throws {
        let few = NoiseBoxBatches(
            recipe: try #require(NoiseBoxRecipe(classes: ["card"], objectCount: 2)), processor: tiny.processor, seed: 3)
        let cut = tiny.processor.text(of: few.suffix(of: tiny.examples[2], place: 2, epoch: 0).ids)
        #expect(LocationText.parse(cut, imageWidth: 9, imageHeight: 9).detections.classNames == ["card", "card"])
        let first = batches.suffix(of: tiny.examples[0], place: 0, epoch: 0)
        #expect(batches.suffix(of: tiny.examples[0], place: 0, epoch: 0) == first)
        #expect(batches.suffix(of: tiny.examples[0], place: 0, epoch: 1) != first)
    }

    @Test(
        "a row is prompt and answer, padded on the left; a run trains, resumes nothing odd, and then says so many boxes"
    )
    func training() throws {
        let batch = try batches.batch([(0, tiny.examples[0]), (1, tiny.examples[1])], epoch: 0)
        #expect(batch.count == 2 && batch.tokenRanges.allSatisfy { $0.upperBound == batch.length })
        let prompt = tiny.processor.promptIDs(NoiseBoxRecipe.prompt)
        let row = Array(batch.ids[batch.tokenRanges[0].lowerBound..<batch.length])
        #expect(
            Array(row.prefix(prompt.count)) == prompt
                && batch.prefixEnds[0] == batch.tokenRanges[0].lowerBound + prompt.count)
        let model = try tiny.model()
        var arguments = tiny.arguments
        (arguments.noiseBoxes, arguments.maxSteps) = (recipe, 2)
        let outcome = try tiny.trainer(model, arguments).run()
        #expect(outcome.meanLoss.isFinite && outcome.step == 2)
        let detector = Detector(model, tiny.processor, tiny.loader())
        (detector.noiseBoxes, detector.scores) = (recipe, .class)
        for answer in try detector.answers(to: tiny.examples.map { DetectionQuery($0, classes: nil) }) {
            #expect(answer.isEnded && answer.text.split(separator: ";").count == 5)
            #expect((1...5).contains(answer.detections.count) && Set(answer.detections.classNames) == ["card"])
            // One real class beside the noise: its probability is a sigmoid, and not 1.
            #expect(answer.detections.confidences?.allSatisfy { $0 > 0 && $0 < 1 } == true)
        }
    }

    @Test("a recipe needs classes that are not called noise, and boxes")
    func refusals() {
        #expect(NoiseBoxRecipe(classes: [], objectCount: 2) == nil)
        #expect(NoiseBoxRecipe(classes: ["noise"], objectCount: 2) == nil)
        #expect(NoiseBoxRecipe(classes: ["a"], objectCount: 0) == nil)
    }
}
