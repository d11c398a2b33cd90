import Detection
import Foundation
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("A detector that follows the grammar says nothing else, however the model is")
struct GrammarDetectorTests {
    private let tiny: TinyRun
    private let model: PaliGemma

    init() throws {
        tiny = try TinyRun()
        model = try tiny.model()
    }

    private static let prompts = [
        "detect ace of hearts ; king of spades ; king", "detect card", "detect 10 of clubs ; 9 of diamonds ; ace",
        "what",
        "detect ace of hearts ; king of spades ; king", "detect joker",
    ]

    private var queries: [DetectionQuery] {
        zip(tiny.examples, Self.prompts).map { example, prompt in
            var query = DetectionQuery(example, classes: nil)
            query.prompt = prompt
            return query
        }
    }

    private func answers(batch: Int, _ change: (Detector) -> Void = { _ in }) throws -> [DetectionAnswer] {
        let detector = Detector(model, tiny.processor, tiny.loader())
        (detector.batchSize, detector.maxNewTokens) = (batch, 40)
        change(detector)
        return try detector.answers(to: queries)
    }

    @Test("each answer of a random model is objects of the prompt's classes")
    func grammatical() throws {
        let found = try answers(batch: 6)
        for (answer, query) in zip(found, queries) where query.prompt != "what" {
            let classes = LocationText.classes(inPrefix: query.prompt)
            #expect(!answer.objects.isEmpty, "nothing was said to \(query.prompt)")
            let read = LocationText.parse(
                answer.text, imageWidth: query.width, imageHeight: query.height, classes: classes)
            let count = answer.detections.count
            #expect(Array(read.detections.boxes.prefix(count)) == answer.detections.boxes)
            #expect(Array(read.detections.classNames.prefix(count)) == answer.detections.classNames)
            // Only a cut answer may end within an object.
            #expect(!answer.isEnded || read.rejected.isEmpty && read.detections.count == count)
            #expect(Set(answer.detections.classNames).isSubset(of: classes))
            #expect(answer.detections.confidences?.allSatisfy { (0...1).contains($0) } == true)
            #expect(answer.detections.deviations?.allSatisfy { $0.xMin >= 0 && $0.xMin < 20 } == true)
        }
        #expect(found[3].objects.isEmpty && found[3].detections.confidences == nil, "a prompt without classes is free")
    }

    @Test("alone and in a batch, with prompts of other lengths and free ones beside, every bit is equal")
    func batches() throws {
        let together = try answers(batch: 6)
        #expect(try answers(batch: 1) == together)
        #expect(try answers(batch: 4) == together)
    }

    @Test("with keys and values kept and without, every bit is equal")
    func cache() throws {
        let tokens = try tiny.processor.batch(prefixes: queries.map(\.prompt))
        let features = try tiny.loader().features(of: queries.map(\.imagePath), model)
        var options = GenerationOptions(endIDs: [tiny.processor.specialIDs.end])
        options.maxNewTokens = 24
        options.grammars = try queries.map { query in
            let classes = LocationText.classes(inPrefix: query.prompt)
            return classes.isEmpty ? nil : try DetectionGrammar(classes: classes, processor: tiny.processor)
        }
        let kept = try model.generate(tokens, features: features, options)
        options.usesCache = false
        #expect(try model.generate(tokens, features: features, options) == kept)
    }

    @Test("confidences are what a pass over the whole answer gives")
    func confidences() throws {
        let classes = ["ace of hearts", "king of spades", "queen of hearts"]
        var query = queries[0]
        query.prompt = LocationText.prefix(detecting: classes)
        let detector = Detector(model, tiny.processor, tiny.loader())
        (detector.maxNewTokens, detector.scores) = (30, .joint)
        let answer = try #require(try detector.answers(to: [query]).first)
        let ids = tiny.processor.tokenizer.encode(answer.text)
        let batch = try TokenBatch(
            [TokenRow(prompt: tiny.processor.promptIDs(query.prompt), suffix: ids)], withLabels: false, padID: 0, .left)
        let hidden = try model.hiddenStates(batch, features: tiny.loader().features(of: [query.imagePath], model))
        let logits = try model.logits(hidden)
        let (values, width, start) = (try logits.floats(), logits.columns, batch.length - ids.count - 1)
        func probability(_ id: Int32, at place: Int, among others: [Int32]) -> Double {
            let row = values[(start + place) * width..<(start + place + 1) * width]
            func weight(_ id: Int32) -> Double { exp(Double(row[row.startIndex + Int(id)])) }
            return weight(id) / others.reduce(0) { $0 + weight($1) }
        }
        let tokenizer = tiny.processor.tokenizer
        let base = try #require(tokenizer.locationBase)
        let firsts = classes.map { tokenizer.encode("<loc0000> \($0)")[1] }
        #expect(Set(firsts).count == 3)
        var place = 0
        for object in answer.objects {
            var masses: [Double] = []
            for edge in object.edges {
                let all = (base..<base + 1024).map { $0 }
                let near =
                    max(0, edge.location - LocationEstimate.reach)...min(1023, edge.location + LocationEstimate.reach)
                let mass = near.reduce(0) { $0 + probability(base + Int32($1), at: place, among: all) }
                #expect(abs(mass - edge.mass) < 1e-5 && ids[place] == base + Int32(edge.location))
                masses.append(mass)
                place += 1
            }
            let first = firsts[object.classIndex]
            let classProbability = probability(first, at: place, among: firsts)
            #expect(abs(object.classProbability - classProbability) < 1e-5 && ids[place] == first)
            let location = pow(masses.reduce(1, *), 0.25)
            for (method, wanted) in [
                (ScoreMethod.class, classProbability), (.location, location), (.joint, classProbability * location),
            ] {
                #expect(abs((method.confidence(of: object) ?? -1) - wanted) < 1e-5, "\(method)")
            }
            place += tokenizer.encode("<loc0000> \(classes[object.classIndex]) ; <loc0000>").count - 2
        }
        #expect(!answer.objects.isEmpty)
    }

    @Test("free answers, and those that another program reads, have no confidences and are those of the whole head")
    func free() throws {
        let found = try answers(batch: 6) { $0.isFree = true }
        #expect(
            try answers(batch: 6) { $0.textOptions.compatibility = .supervision025 }.map(\.text) == found.map(\.text))
        #expect(found.allSatisfy { $0.objects.isEmpty && $0.detections.confidences == nil })
        let tokens = try tiny.processor.batch(prefixes: Self.prompts)
        var options = GenerationOptions(endIDs: [tiny.processor.specialIDs.end])
        options.maxNewTokens = 40
        let ids = try model.generate(
            tokens, features: tiny.loader().features(of: queries.map(\.imagePath), model), options
        ).ids
        #expect(found.map(\.text) == ids.map(tiny.processor.text))
    }

    @Test("refined edges are the means around their locations, in pixels, within reach of them")
    func refined() throws {
        let (plain, refined) = (try answers(batch: 6), try answers(batch: 6) { $0.refinesEdges = true })
        for (before, after) in zip(plain, refined) where !before.objects.isEmpty {
            #expect(before.objects == after.objects)
            for (object, box) in zip(after.objects, after.detections.boxes) {
                #expect(abs(box.xMin - 20 * (object.edges[1].mean + 0.5) / 1024) < 1e-9)
                #expect(abs(box.yMax - 16 * (object.edges[2].mean + 0.5) / 1024) < 1e-9)
                #expect(abs(object.edges[0].mean - Double(object.edges[0].location)) <= Double(LocationEstimate.reach))
            }
        }
    }

    @Test("without scores, confidences are absent")
    func unscored() throws {
        #expect(try answers(batch: 6) { $0.scores = .none }.allSatisfy { $0.detections.confidences == nil })
    }
}
