import CPUBackend
import Tensors
import Testing

@Suite("A tape gathers every gradient once, and disturbs none")
struct TapeTests {
    /// Chains in which a value is used more than once, so that gradients meet in every order.
    static let chains: [GradientCase] = [
        GradientCase("a leaf used twice", [[3, 4]]) { try $0[0].adding($0[0].gelu()) },
        GradientCase("a value used twice by one sum", [[3, 4]]) {
            let x = try $0[0].scaled(by: 2)
            return try x.adding(x)
        },
        GradientCase("a gradient that is borrowed, then added to in place", [[3, 4], [4, 4], [3, 4]]) {
            let (x, other) = (try $0[0].scaled(by: 2), try $0[2].gelu())
            let mapped = try x.linear(weight: $0[1])
            // The sum lends its gradient to `x` and `other`; the map then adds to that of `x`.
            return try mapped.adding(x.adding(other))
        },
        GradientCase("the same the other way round", [[3, 4], [4, 4], [3, 4]]) {
            let (x, other) = (try $0[0].scaled(by: 2), try $0[2].gelu())
            let sum = try x.adding(other)
            return try sum.adding(x.linear(weight: $0[1]))
        },
        GradientCase("other shapes of one value", [[4, 6]]) {
            let x = try $0[0].gelu()
            return try x.reshaped(to: [6, 4]).scaled(by: 3).reshaped(to: [4, 6]).adding(x)
        },
        GradientCase("a residual under a norm", [[3, 4], [4]]) {
            let x = try $0[0].scaled(by: 0.5)
            return try x.rmsNorm(weight: $0[1], epsilon: 1e-3, residual: x)
        },
        GradientCase("a weight used by two maps", [[3, 4], [4, 4]]) {
            try $0[0].linear(weight: $0[1]).gelu().linear(weight: $0[1])
        },
        GradientCase("a table that is embedding and weight", [[5, 4]]) {
            try $0[0].gatheringRows([1, 1, 3]).linear(weight: $0[0])
        },
    ]

    @Test("gradients that meet are added", arguments: chains)
    func meeting(_ chain: GradientCase) throws {
        try chain.check(on: CPUBackend(), seed: randomSeed)
    }

    @Test("a leaf sums over passes, and the seed is left as it was")
    func accumulation() throws {
        let backend = try CPUBackend()
        let leaf = try Sample("leaf", [2, 3], on: backend).tensor
        let sink = LeafGradient(like: leaf)
        let seed = try Sample("seed", [2, 3], on: backend).tensor
        let before = try seed.floats()
        for factor: Float in [2, 3] {
            let tape = Tape()
            try tape.backward(from: tape.leaf(leaf, sink: sink).scaled(by: factor).adding(leaf), seed: seed)
        }
        #expect(try sink.values() == before.map { $0 * 2 + $0 * 3 })
        #expect(try seed.floats() == before)
    }

    @Test("what needs no gradient is not recorded, and gets none")
    func unrecorded() throws {
        let backend = try CPUBackend()
        let plain = try Sample("plain", [2, 3], on: backend).tensor
        let output = try plain.gelu().adding(plain).reshaped(to: [3, 2])
        #expect(!output.requiresGradient)
        let tape = Tape()
        let sink = LeafGradient(like: plain)
        let mixed = try tape.leaf(plain, sink: sink).adding(plain.gelu())
        #expect(mixed.requiresGradient && !mixed.detached.requiresGradient)
        #expect(!mixed.part(0..<1).requiresGradient && !mixed.viewed(as: [6]).requiresGradient)
        try tape.backward(from: mixed, seed: .filled(1, shape: [2, 3], .float32, on: backend))
        #expect(try sink.values() == Array(repeating: 1, count: 6))
    }

    @Test("a leaf that the root does not depend on gets nothing")
    func unreached() throws {
        let backend = try CPUBackend()
        let leaf = try Sample("leaf", [2, 3], on: backend).tensor
        let (tape, used, unused) = (Tape(), LeafGradient(like: leaf), LeafGradient(like: leaf))
        let root = try tape.leaf(leaf, sink: used).gelu()
        _ = try tape.leaf(leaf, sink: unused).gelu()
        try tape.backward(from: root, seed: randomSeed(like: root))
        #expect(used.gradient != nil && unused.gradient == nil)
    }

    @Test("a root from elsewhere is an error")
    func foreignRoot() throws {
        let backend = try CPUBackend()
        let leaf = try Sample("leaf", [2, 3], on: backend).tensor
        let (tape, other) = (Tape(), Tape())
        let root = try other.leaf(leaf, sink: LeafGradient(like: leaf)).gelu()
        #expect(throws: TensorError.self) { try tape.backward(from: root, seed: leaf) }
        #expect(throws: TensorError.self) { try tape.backward(from: root.detached, seed: leaf) }
        #expect(throws: Never.self) { try other.backward(from: root, seed: leaf) }
    }

    @Test("a walk back lets go of what was saved")
    func release() throws {
        let backend = try CPUBackend()
        let leaf = try Sample("leaf", [64, 64], on: backend).tensor
        let seed = try randomSeed(like: leaf)
        let sink = LeafGradient(like: leaf)
        _ = try sink.gradientTarget()
        let before = backend.memory.allocated
        let tape = Tape()
        func forward() throws -> Tensor {
            var x = tape.leaf(leaf, sink: sink)
            for _ in 0..<8 { x = try x.gelu() }
            return x
        }
        try tape.backward(from: forward(), seed: seed)
        #expect(backend.memory.allocated == before)
    }
}
