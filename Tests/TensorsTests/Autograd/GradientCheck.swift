import CPUBackend
import Tensors
import Testing

/// Where a leaf's gradient is gathered, as a model's weights gather theirs.
final class LeafGradient: GradientSink {
    private let shape: [Int]
    private let backend: any Backend
    private(set) var gradient: Tensor?

    init(like value: Tensor) {
        shape = value.shape
        backend = value.backend
    }

    func gradientTarget() throws(TensorError) -> (tensor: Tensor, accumulate: Bool) {
        if let gradient { return (gradient, true) }
        let target = try Tensor(uninitialized: shape, .float32, on: backend)
        gradient = target
        return (target, false)
    }

    /// The sum so far, zeros where no backward came by.
    func values() throws -> [Float] { try gradient?.floats() ?? Array(repeating: 0, count: shape.product) }
}

/// An operation on float32 leaves, whose gradient is compared with finite differences.
struct GradientCase: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let shapes: [[Int]]
    /// The leaves that count; nil for all.
    var checked: [Int]?
    let operation: @Sendable ([Tensor]) throws -> Tensor

    init(
        _ description: String, _ shapes: [[Int]], checked: [Int]? = nil,
        _ operation: @escaping @Sendable ([Tensor]) throws -> Tensor
    ) {
        (testDescription, self.shapes, self.checked, self.operation) = (description, shapes, checked, operation)
    }

    /// The gradients of `sum(seed * output)` by the tape, for each leaf.
    func analytic(_ leaves: [Tensor], seed: (Tensor) throws -> Tensor) throws -> [[Float]] {
        let tape = Tape()
        let sinks = leaves.map(LeafGradient.init)
        let output = try operation(zip(leaves, sinks).map { tape.leaf($0, sink: $1) })
        try tape.backward(from: output, seed: seed(output))
        return try sinks.map { try $0.values() }
    }

    /// Compares with central differences: steps of 1/64 leave an error of about 1e-4 of the third derivative, and
    /// rounding about 1e-5, so that 3e-3 of the largest gradient is ample, and far below any mistake.
    func check(on backend: any Backend, seed makeSeed: (Tensor) throws -> Tensor) throws {
        let samples = try shapes.enumerated().map { try Sample("leaf \($0)", $1, on: backend) }
        let leaves = samples.map(\.tensor)
        let weights = try makeSeed(operation(leaves)).floats()
        let found = try analytic(leaves, seed: makeSeed)
        func value(_ changed: [Tensor]) throws -> Double {
            zip(weights, try operation(changed).floats()).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let step: Float = 1 / 64
        for leaf in checked ?? Array(leaves.indices) {
            var expected: [Double] = []
            for i in 0..<leaves[leaf].count {
                func shifted(_ by: Float) throws -> Double {
                    var values = try leaves[leaf].floats()
                    values[i] += by
                    var changed = leaves
                    changed[leaf] = try Tensor(values, shape: shapes[leaf], on: backend)
                    return try value(changed)
                }
                expected.append((try shifted(step) - shifted(-step)) / Double(2 * step))
            }
            let largest = expected.map(abs).max() ?? 0
            #expect(largest > 0, "leaf \(leaf) has no effect")
            expectNear(found[leaf], expected, tolerance: 3e-3, scale: largest, "\(testDescription), leaf \(leaf)")
        }
    }
}

/// A seed of random numbers, the same for a shape.
func randomSeed(like output: Tensor) throws -> Tensor {
    try Sample("seed", output.shape, on: output.backend).tensor
}
