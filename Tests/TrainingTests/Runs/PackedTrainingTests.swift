import TestSupport
import Testing

@testable import Training

@Suite("Runs learn several orders of boxes at once, and recompute layers")
struct PackedTrainingTests {
    @Test("orders hold the same boxes, the same for a seed, an update and an example")
    func orders() {
        let suffix = "<loc0001> a ; <loc0002> b ; <loc0003> c ; <loc0004> d"
        func orders(seed: UInt64 = 1, step: Int = 0, example: Int = 0) -> [String] {
            BoxOrders(seed: seed, step: step, example: example).orders(of: suffix, count: 4)
        }
        let found = orders()
        #expect(found.count == 4 && Set(found).count > 1 && found == orders())
        for order in found {
            #expect(order.split(separator: " ; ").sorted() == suffix.split(separator: " ; ").sorted())
        }
        #expect(orders(seed: 2) != found && orders(step: 1) != found && orders(example: 1) != found)
        #expect(BoxOrders(seed: 1, step: 0, example: 0).orders(of: "card", count: 2) == ["card", "card"])
    }

    @Test("where all orders are the same, K of them cost what one costs")
    func equality() throws {
        let tiny = try TinyRun()
        func losses(_ orders: Int) throws -> [Float] {
            var arguments = tiny.arguments
            // Every box of an example is the same, so that orders do not differ; a rate of zero keeps the weights.
            (arguments.packedOrders, arguments.learningRate, arguments.loggingSteps) = (orders, 0, 1)
            return try tiny.trainer(tiny.model(), arguments).run().log.map { Float($0.loss) }
        }
        expectClose(try losses(3), try losses(1), relative: 1e-5)
    }

    @Test("recomputing layers leaves the same bytes behind", arguments: TinyRun.Trained.allCases)
    func recomputing(_ trained: TinyRun.Trained) throws {
        let tiny = try TinyRun()
        func bytes(_ isRecomputing: Bool) throws -> [String: [UInt8]] {
            var arguments = tiny.arguments
            (arguments.gradientCheckpointing, arguments.packedOrders) = (isRecomputing, 2)
            let model = try tiny.model(trained, .bfloat16)
            _ = try tiny.trainer(model, arguments).run()
            return try trainedBytes(model)
        }
        #expect(try bytes(true) == bytes(false))
    }

    @Test("packed orders do not go with release 4.47's bookkeeping, nor counts that make no sense")
    func refusals() throws {
        let tiny = try TinyRun()
        var arguments = tiny.arguments
        (arguments.packedOrders, arguments.compatibility) = (2, .period)
        #expect(throws: TrainingError.self) { try tiny.trainer(tiny.model(), arguments) }
        (arguments.packedOrders, arguments.compatibility) = (0, .newest)
        #expect(throws: TrainingError.self) { try tiny.trainer(tiny.model(), arguments) }
    }
}
