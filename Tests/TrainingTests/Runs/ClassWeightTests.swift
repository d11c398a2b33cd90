import Detection
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("Tokens of a class count as much as the class")
struct ClassWeightTests {
    private static let two =
        "<loc0100><loc0200><loc0300><loc0400> card ; <loc0001><loc0002><loc0003><loc0004> ace of hearts"

    private func weights(_ values: [String: Double], _ suffix: String, _ tiny: TinyRun) throws -> [Float] {
        let base = try #require(tiny.processor.tokenizer.locationBase)
        return try #require(ClassWeights(values)).weights(
            of: suffix, ids: tiny.processor.suffixIDs(suffix), locations: base..<base + 1024,
            endID: tiny.processor.specialIDs.end)
    }

    @Test("locations, name and separator of an object weigh the same, the end weighs 1")
    func places() throws {
        let tiny = try TinyRun()
        let found = try weights(["card": 3, "ace of hearts": 0.5], Self.two, tiny)
        let first = tiny.processor.tokenizer.encode("<loc0100><loc0200><loc0300><loc0400> card ; ").count
        let all = tiny.processor.suffixIDs(Self.two).count
        // A space before the next location may be a token of either; the location itself is the second object's.
        let changes = zip(found, found.dropFirst()).count { $0 != $1 }
        #expect(found.count == all && changes == 2 && found.last == 1)
        #expect(found[0] == 3 && abs(found.count { $0 == 3 } - first) <= 1 && found[all - 2] == 0.5)
        var period = tiny.processor
        period.compatibility = .period
        let base = try #require(tiny.processor.tokenizer.locationBase)
        let unended = try #require(ClassWeights(["ace of hearts": 2])).weights(
            of: Self.two, ids: period.suffixIDs(Self.two), locations: base..<base + 1024,
            endID: period.specialIDs.end)
        #expect(unended.count == all - 1 && unended.last == 2)
        #expect(try weights(["coin": 9], Self.two, tiny).allSatisfy { $0 == 1 })
        #expect(try weights(["card": 9], "", tiny) == [1])
        #expect(try weights(["card": 9], "no boxes at all", tiny).allSatisfy { $0 == 1 })
    }

    /// The reference is made of unweighted losses of single tokens, on the host.
    @Test("the loss of an update is the weighted mean over the labels of its group")
    func loss() throws {
        let tiny = try TinyRun()
        let model = try tiny.model()
        var arguments = tiny.arguments
        (arguments.gradientAccumulationSteps, arguments.learningRate) = (2, 0)
        let base = tiny.examples[1]
        let examples = [base.with(suffix: Self.two), tiny.examples[0]]
        arguments.classWeights = ClassWeights(["card": 3, "ace of hearts": 0.5])
        let maker = BatchMaker(
            model: model, processor: tiny.processor, loader: tiny.loader(), arguments: arguments)
        let group = try [0, 1].map { try maker.batch([$0], of: examples, epoch: 0) }
        var (sum, total) = (0.0, 0.0)
        for (batch, example) in zip(group, examples) {
            let single = try model.losses(
                batch.tokens.unweighted, features: batch.features(model, Pass()), weight: 1
            ).floats()
            let own = try weights(["card": 3, "ace of hearts": 0.5], example.suffix, tiny)
            #expect(single.count == own.count)
            for (loss, weight) in zip(single, own) {
                sum += Double(loss) * Double(weight)
                total += Double(weight)
            }
        }
        let engine = try UpdateEngine(model, arguments, totalSteps: 1)
        let result = try engine.update(group)
        expectClose([Float(result.loss)], [Float(sum / total)], relative: 1e-5)
        // One batch of both, without a weight of the group: the same mean.
        let both = try maker.batch([0, 1], of: examples, epoch: 0)
        let mean = try model.losses(both.tokens, features: both.features(model, Pass())).floats().reduce(0, +)
        expectClose([mean], [Float(sum / total)], relative: 1e-5)
    }

    @Test("weights that are all equal train to the same bytes as none, others do not")
    func equality() throws {
        let tiny = try TinyRun()
        func bytes(_ weights: ClassWeights?) throws -> [String: [UInt8]] {
            var arguments = tiny.arguments
            arguments.classWeights = weights
            let model = try tiny.model()
            _ = try tiny.trainer(model, arguments).run()
            return try trainedBytes(model)
        }
        let plain = try bytes(nil)
        #expect(try bytes(ClassWeights(["card": 1])) == plain)
        #expect(try bytes(ClassWeights(["card": 4])) != plain)
    }

    @Test("balanced weights are those of scikit-learn")
    func balanced() throws {
        let tiny = try TinyRun()
        let examples = tiny.examples.map(tiny.labelled) + [tiny.labelled(tiny.examples[0]).renamed("ace")]
        let weights = ClassWeights(balancing: examples, classes: ["card", "ace", "coin"])
        // 12 cards and 1 ace: 13 / (2 * 12) and 13 / (2 * 1).
        #expect(weights.values == ["card": 13.0 / 24, "ace": 6.5])
    }

    @Test("files that are no weights are refused")
    func parsing() throws {
        #expect(try ClassWeights(parsing: Array(#"{"card": 2, "ace": 0.5}"#.utf8), name: "w").values["ace"] == 0.5)
        for text in ["", "[1]", #"{"card": "2"}"#, #"{"card": 0}"#, #"{"card": -1}"#, #"{"card": 1e9}"#] {
            #expect(throws: TrainingError.self) { try ClassWeights(parsing: Array(text.utf8), name: "w") }
        }
        let tiny = try TinyRun()
        var arguments = tiny.arguments
        (arguments.classWeights, arguments.packedOrders) = (ClassWeights(["card": 2]), 2)
        #expect(throws: TrainingError.self) { try tiny.trainer(tiny.model(), arguments) }
    }
}

extension TokenBatch {
    fileprivate var unweighted: TokenBatch {
        var copy = self
        copy.labelWeights = nil
        return copy
    }
}
