import Tensors

/// Calls that join others, and kernels that overlap.
extension CUDASelfCheck {
    /// Rows, columns, depth: whole and odd, with more depth than is on its way at once.
    private static let fewRows = [[1, 512, 2304], [8, 130, 9216], [9, 33, 1100], [16, 257, 1152], [17, 64, 129]]

    /// Rows and columns: of a warp, of a block, and more than a thread reads at once.
    private static let matricesOfNorms = [[1, 8], [37, 300], [8, 2304], [3, 4500]]

    static var fusedChecks: [Check] {
        [
            Check(kernel: "products of one input", shapes: fewRows) { (bench, shape) throws(TensorError) in
                let a = try bench.input("a", [shape[0], shape[2]])
                let columns = [shape[1], shape[1] / 2, 5]
                var (weights, outputs): ([Tensor], [Tensor]) = ([], [])
                for n in columns {
                    weights.append(try bench.input("b\(n)", [n, shape[2]], deviation: 0.2))
                    outputs.append(try bench.room([shape[0], n]))
                }
                try bench.backend.matmul(SharedMatmulCall(a: a, weights: weights, outputs: outputs))
                return outputs
            },
            Check(kernel: "gated product", shapes: fewRows) { (bench, shape) throws(TensorError) in
                let deviation = 1 / Double(shape[2]).squareRoot()
                let call = GatedMatmulCall(
                    a: try bench.input("a", [shape[0], shape[2]]),
                    gate: try bench.input("gate", [shape[1], shape[2]], deviation: deviation),
                    up: try bench.input("up", [shape[1], shape[2]], deviation: deviation),
                    output: try bench.room([shape[0], shape[1]]))
                try bench.backend.matmul(call)
                return [call.output]
            },
            Check(kernel: "RMS norm and the next", shapes: matricesOfNorms) {
                (bench, shape) throws(TensorError) in
                let outputs = [try bench.room(shape), try bench.room(shape)]
                let first = RMSNormCall(
                    input: try bench.input("x", shape), weight: try bench.input("weight", [shape[1]]),
                    residual: try bench.input("residual", shape), epsilon: 1e-6, output: outputs[0])
                let next = RMSNormCall(
                    input: outputs[0], weight: try bench.input("next", [shape[1]]), epsilon: 1e-6, output: outputs[1])
                try bench.backend.rmsNorm(RMSNormPairCall(first: first, next: next))
                return outputs
            },
            Check(kernel: "RMS norm and the next, stream in float32", shapes: matricesOfNorms, types: [.float16]) {
                (bench, shape) throws(TensorError) in
                let outputs = [try bench.room(shape, .float32), try bench.room(shape)]
                let first = RMSNormCall(
                    input: try bench.input("x", shape), weight: try bench.input("weight", [shape[1]]),
                    residual: try bench.floats("residual", shape), epsilon: 1e-6, output: outputs[0])
                let next = RMSNormCall(
                    input: outputs[0], weight: try bench.input("next", [shape[1]]), epsilon: 1e-6, output: outputs[1])
                try bench.backend.rmsNorm(RMSNormPairCall(first: first, next: next))
                return outputs
            },
            Check(kernel: "RMS norm of a stream in float32", shapes: matricesOfNorms, types: [.float16]) {
                (bench, shape) throws(TensorError) in
                let (x, weight) = (try bench.floats("x", shape), try bench.input("w", [shape[1]], deviation: 0.3))
                let (output, inverse) = (try bench.room(shape), try bench.room([shape[0]], .float32))
                try bench.backend.rmsNorm(
                    RMSNormCall(input: x, weight: weight, epsilon: 1e-6, output: output, inverseRMS: inverse))
                let (dx, dw) = (try bench.floats("dx", shape), try bench.room([shape[1]], .float32))
                try bench.backend.rmsNormBackward(
                    RMSNormBackwardCall(
                        outputGradient: bench.input("g", shape), input: x, weight: weight, inverseRMS: inverse,
                        inputGradient: dx, addend: dx, weightGradient: dw, accumulateWeight: false))
                return [output, inverse, dx, dw]
            },
            Check(kernel: "RMS norm into a stream in float32", shapes: matricesOfNorms, types: [.float16]) {
                (bench, shape) throws(TensorError) in
                let (x, weight) = (try bench.input("x", shape), try bench.input("w", [shape[1]], deviation: 0.3))
                let (output, inverse) = (
                    try bench.room(shape, .float32), try bench.room([shape[0]], .float32)
                )
                try bench.backend.rmsNorm(
                    RMSNormCall(
                        input: x, weight: weight, residual: bench.floats("r", shape), epsilon: 1e-6, output: output,
                        inverseRMS: inverse))
                let (dx, dw) = (try bench.room(shape), try bench.room([shape[1]], .float32))
                try bench.backend.rmsNormBackward(
                    RMSNormBackwardCall(
                        outputGradient: bench.floats("g", shape), input: x, weight: weight, inverseRMS: inverse,
                        inputGradient: dx, weightGradient: dw, accumulateWeight: false))
                return [output, inverse, dx, dw]
            },
            Check(kernel: "rotary into a cache", shapes: [[1, 8, 4, 256], [5, 4, 2, 72], [2, 2, 1, 6]]) {
                (bench, shape) throws(TensorError) in try turn(bench, shape)
            },
        ]
    }

    /// - Parameter shape: tokens, heads, heads of keys, head size.
    private static func turn(_ bench: Bench, _ shape: [Int]) throws(TensorError) -> [Tensor] {
        let (tokens, capacity) = (shape[0], 12)
        let places = (0..<tokens).map { CachePlaces.Place(row: $0 % 2, first: 1, column: 2 + $0) }
        let keyShape = [tokens, shape[2], shape[3]]
        let cacheShape = [2, capacity, shape[2], shape[3]]
        let call = RotaryCacheCall(
            q: try bench.input("q", [tokens, shape[1], shape[3]]), k: try bench.input("k", keyShape),
            v: try bench.input("v", keyShape),
            positions: try Tensor(places.map { Int32($0.column) }, shape: [tokens], on: bench.backend), theta: 10_000,
            places: try CachePlaces(places, batch: 2, capacity: capacity, on: bench.backend),
            output: try bench.room([tokens, shape[1], shape[3]]), keys: try bench.input("keys", cacheShape),
            values: try bench.input("values", cacheShape))
        try bench.backend.rotary(call)
        return [call.output, call.keys, call.values]
    }

    /// Whether kernels that start before those in front of them are done give the bits of kernels that wait.
    static func overlapFinding(
        _ backend: CUDABackend, _ type: ElementType, _ numbers: Numbers
    ) throws(TensorError) -> Bool {
        let bench = Bench(backend: backend, type: type, inputType: type, numbers: numbers)
        let chain = try Chain(bench, rows: 3, size: 256, inner: 512)
        let overlaps = backend.kernels.overlaps
        defer { backend.kernels.overlaps = overlaps }
        backend.kernels.overlaps = false
        let expected = try chain.run().readBytes()
        backend.kernels.overlaps = overlaps
        for _ in 0..<10 where try chain.run().readBytes() != expected { return false }
        return true
    }

    /// The products and norms of a decoding step's layers, one behind another, each reading what the one before wrote.
    struct Chain {
        private let x, residual, norm, down: Tensor
        private let maps: [Tensor]
        private let gate, up: Tensor
        private let layers: Int

        /// A layer's weights, random, which all layers share.
        init(_ bench: Bench, rows: Int, size: Int, inner: Int, layers: Int = 2) throws(TensorError) {
            func weight(_ name: String, _ rows: Int, _ columns: Int) throws(TensorError) -> Tensor {
                try bench.input(name, [rows, columns], deviation: 1 / Double(columns).squareRoot())
            }
            self.layers = layers
            x = try bench.input("x", [rows, size])
            // As in a decoder: float32 beside float16.
            residual = try bench.input("residual", [rows, size])
                .converted(to: bench.type == .float16 ? .float32 : bench.type)
            norm = try bench.input("norm", [size], deviation: 0.1)
            maps = [try weight("q", size, size), try weight("k", size / 2, size), try weight("v", size / 2, size)]
            (gate, up) = (try weight("gate", inner, size), try weight("up", inner, size))
            down = try weight("down", size, inner)
        }

        /// The layers without attention.
        func run() throws(TensorError) -> Tensor {
            var (sum, x) = (residual, x)
            for _ in 0..<layers {
                let mapped = try x.linear(byEach: maps)
                let attended = try mapped[0].rmsNorm(
                    weight: norm, epsilon: 1e-6, residual: sum, nextWeight: norm, nextEpsilon: 1e-6)
                let inner = try attended.next.gatedLinear(gate: gate, up: up)
                let result = try inner.linear(byEach: [down])[0].rmsNorm(
                    weight: norm, epsilon: 1e-6, residual: attended.sum, nextWeight: norm, nextEpsilon: 1e-6)
                (sum, x) = (result.sum, result.next)
            }
            return x
        }
    }
}
