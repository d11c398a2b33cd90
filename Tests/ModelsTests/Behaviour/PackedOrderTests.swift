import CPUBackend
import Models
import Tensors
import TestSupport
import Testing

@Suite("Several suffixes behind one prefix learn as in passes of their own")
struct PackedOrderTests {
    /// Two examples of unlike length, three answers each, of unlike length too.
    private static let rows: [PackedRow] = [
        PackedRow(
            prompt: Array(repeating: 240, count: 9) + [2, 17, 90, 31, 3],
            suffixes: [[200, 201, 50, 1], [50, 200, 1], [77, 12, 200, 201, 9, 4, 1]]),
        PackedRow(
            prompt: Array(repeating: 240, count: 9) + [2, 64, 3],
            suffixes: [[9, 8, 7, 6, 5, 1], [120, 1], [33, 44, 55, 1]]),
    ]

    private func learn(_ model: PaliGemma, _ batches: [TokenBatch], labels: Int) throws -> (Double, [[Float]]) {
        var stream = RandomStream(seed: 3, purpose: "pictures")
        let values = (0..<2 * 3 * 42 * 42).map { _ in Float(stream.uniform(-1..<1)) }
        let pixels = try Tensor(values, shape: [2, 3, 42, 42], on: model.backend)
        var sum = 0.0
        for parameter in model.parameters.trainable { parameter.clearGradient(releasing: true) }
        for batch in batches {
            let tape = Tape()
            let pass = Pass(tape: tape)
            let losses = try model.losses(
                batch, features: model.imageFeatures(pixels, pass), weight: 1 / Float(labels), pass)
            try tape.backward(fromLosses: losses)
            sum += try losses.floats().reduce(0) { $0 + Double($1) }
        }
        return (sum, try model.parameters.trainable.map { try #require($0.currentGradient, "\($0.name)").floats() })
    }

    private func separate() throws -> [TokenBatch] {
        try (0..<3).map { order in
            try TokenBatch(
                Self.rows.map { TokenRow(prompt: $0.prompt, suffix: $0.suffixes[order]) }, withLabels: true, padID: 0,
                .left)
        }
    }

    @Test(
        "loss and gradients equal those of separate passes",
        arguments: [ModelOptions.Bound.config, .off], [false, true])
    func equality(window: ModelOptions.Bound, checkpointing: Bool) throws {
        let model = try Fixture.model("pg2-tiny", on: CPUBackend())
        model.options.slidingWindow = window
        model.options.gradientCheckpointing = checkpointing
        let labels = Self.rows.flatMap { $0.suffixes.map(\.count) }.reduce(0, +)
        let packed = try learn(model, [TokenBatch(packing: Self.rows, padID: 0)], labels: labels)
        let apart = try learn(model, separate(), labels: labels)
        #expect(abs(packed.0 - apart.0) <= 1e-6 * apart.0, "\(packed.0) against \(apart.0)")
        #expect(relativeDistance(packed.1.flatMap(\.self), apart.1.flatMap(\.self)) <= 1e-6)
        for (parameter, (a, b)) in zip(model.parameters.trainable, zip(packed.1, apart.1)) {
            // A softmax does not change where all keys move alike: this gradient is nothing but rounding.
            if parameter.name.hasSuffix("k_proj.bias") { continue }
            let distance = relativeDistance(a, b)
            #expect(distance <= 3e-6, "\(parameter.name) is off by \(distance)")
        }
    }

    @Test(
        "the loss of each label has the same bits as in a pass of its own", arguments: [ElementType.float32, .bfloat16])
    func bitsOfLosses(_ type: ElementType) throws {
        let backend = try CPUBackend()
        let model = try Fixture.model("pg2-tiny", type, on: backend)
        let features = try Sample.features(model)
        func losses(_ batch: TokenBatch) throws -> [UInt32] {
            bits(try model.losses(batch, features: features, weight: 1).floats())
        }
        let packed = try losses(TokenBatch(packing: Self.rows, padID: 0))
        let apart = try separate().map(losses)
        // The packed batch goes row by row, the others order by order.
        var places = [0, 0, 0]
        var expected: [UInt32] = []
        for row in Self.rows {
            for (order, suffix) in row.suffixes.enumerated() {
                expected += apart[order][places[order]..<places[order] + suffix.count]
                places[order] += suffix.count
            }
        }
        #expect(packed == expected)
    }

    @Test("a suffix does not see another")
    func independence() throws {
        let model = try Fixture.model("pg2-tiny", on: CPUBackend())
        let features = try Sample.features(model)
        var changed = Self.rows
        changed[0].suffixes[1] = [199, 99, 1]
        let before = try model.losses(TokenBatch(packing: Self.rows, padID: 0), features: features, weight: 1).floats()
        let after = try model.losses(TokenBatch(packing: changed, padID: 0), features: features, weight: 1).floats()
        let (first, second) = (4, 3)
        #expect(bits(Array(before[..<first])) == bits(Array(after[..<first])))
        #expect(bits(Array(before[(first + second)...])) == bits(Array(after[(first + second)...])))
        #expect(before[first] != after[first])
    }

    @Test("rows without equally many answers are refused")
    func misfit() {
        var rows = Self.rows
        rows[1].suffixes.removeLast()
        #expect(throws: ModelError.self) { try TokenBatch(packing: rows, padID: 0) }
        #expect(throws: ModelError.self) { try TokenBatch(packing: [], padID: 0) }
        #expect(throws: ModelError.self) { try TokenBatch(packing: [PackedRow(prompt: [2], suffixes: [[]])], padID: 0) }
    }
}

private enum Sample {
    /// The features of two random pictures.
    static func features(_ model: PaliGemma) throws -> Tensor {
        var stream = RandomStream(seed: 3, purpose: "pictures")
        let values = (0..<2 * 3 * 42 * 42).map { _ in Float(stream.uniform(-1..<1)) }
        return try model.imageFeatures(Tensor(values, shape: [2, 3, 42, 42], on: model.backend))
    }
}
