import Tensors

/// Updates of weights; those of many are made together.
extension CUDASelfCheck {
    static var updateChecks: [Check] {
        [
            Check(kernel: "AdamW", shapes: counts) { (bench, shape) throws(TensorError) in
                let parameter = try bench.floats("p", shape)
                let (first, second) = (
                    try Tensor.filled(0, shape: shape, .float32, on: bench.backend),
                    try Tensor.filled(0, shape: shape, .float32, on: bench.backend)
                )
                let rounded: Tensor? = bench.type == .float32 ? nil : try bench.room(shape)
                for step in 1...2 {
                    try bench.backend.adamW(
                        AdamWCall(
                            parameter: parameter, gradient: bench.input("g\(step)", shape), firstMoment: first,
                            secondMoment: second, rounded: rounded, variant: step == 1 ? .torch : .huggingFace,
                            learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, step: step,
                            gradientScale: 0.5))
                }
                return [parameter, rounded ?? parameter, first, second]
            },
            Check(kernel: "AdamW of many in one type", shapes: counts, types: [.float32, .bfloat16]) {
                (bench, shape) throws(TensorError) in
                var tensors: [Tensor] = []
                var calls: [AdamWCall] = []
                for (place, shape) in [shape, [7], shape].enumerated() {
                    let second = try bench.room(shape)
                    try bench.backend.fill(FillCall(output: second, value: 0.5))
                    let call = AdamWCall(
                        parameter: try bench.input("p\(place)", shape), gradient: try bench.input("g\(place)", shape),
                        firstMoment: try bench.input("m\(place)", shape), secondMoment: second, variant: .torch,
                        learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, step: 2,
                        gradientScale: 0.5)
                    calls.append(call)
                    tensors += [call.parameter, call.firstMoment, second]
                }
                try bench.backend.adamW(calls)
                return tensors
            },
            Check(kernel: "AdamW in 8 bits", shapes: counts) { (bench, shape) throws(TensorError) in
                let weights = try weights(bench, shape)
                let moments = try weights.map { (weight) throws(TensorError) in
                    try EightBitMoments(weight.shape, on: bench.backend)
                }
                for step in 1...3 {
                    var calls: [BlockwiseAdamWCall] = []
                    for (weight, moments) in zip(weights, moments) {
                        let update = AdamWCall(
                            parameter: weight.parameter, gradient: try weight.gradient(bench, step),
                            firstMoment: moments.codes[0], secondMoment: moments.codes[1], rounded: weight.rounded,
                            variant: .torch, learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8,
                            weightDecay: 0.1, step: step, gradientScale: 0.5)
                        calls.append(
                            BlockwiseAdamWCall(
                                update: update, firstScales: moments.scales[0], secondScales: moments.scales[1]))
                    }
                    try bench.backend.adamW(calls)
                }
                return weights.flatMap(\.tensors) + moments.flatMap { $0.codes + $0.scales }
            },
            Check(kernel: "gradient descent", shapes: counts) { (bench, shape) throws(TensorError) in
                let weights = try weights(bench, shape)
                try bench.backend.descend(
                    weights.map { (weight) throws(TensorError) in
                        GradientDescentCall(
                            parameter: weight.parameter, gradient: try weight.gradient(bench, 1),
                            rounded: weight.rounded, learningRate: 0.1, weightDecay: 0.1, gradientScale: 0.5)
                    })
                return weights.flatMap(\.tensors)
            },
            Check(kernel: "Adafactor", shapes: adafactorShapes) { (bench, shape) throws(TensorError) in
                let weights = try weights(bench, shape)
                let squares = try weights.map { (weight) throws(TensorError) in
                    try meanSquares(of: weight.shape, on: bench.backend)
                }
                for step in 1...2 {
                    var calls: [AdafactorCall] = []
                    for (weight, squares) in zip(weights, squares) {
                        calls.append(
                            AdafactorCall(
                                parameter: weight.parameter, gradient: try weight.gradient(bench, step),
                                meanSquares: squares.count == 1
                                    ? .elements(squares[0]) : .matrices(rows: squares[0], columns: squares[1]),
                                rounded: weight.rounded, learningRate: 0.01, weightDecay: 0.1, kept: 0.4,
                                epsilon: 1e-30, clippingThreshold: 1, gradientScale: 0.5))
                    }
                    try bench.backend.adafactor(calls)
                }
                return weights.flatMap(\.tensors) + squares.flatMap(\.self)
            },
        ]
    }

    /// Few columns, several tiles of a block with odd rows, many rows, many small matrices, a vector.
    private static let adafactorShapes = [[1, 8], [37, 300], [2, 130, 769], [1100, 70], [40, 3, 14, 14], [1000]]

    /// Three weights of a check: two of its shape, and a small one between them.
    private static func weights(_ bench: Bench, _ shape: [Int]) throws(TensorError) -> [UpdatedWeight] {
        try [shape, [7], shape].enumerated().map { (place, shape) throws(TensorError) in
            UpdatedWeight(
                name: "\(place)", parameter: try bench.floats("p\(place)", shape),
                rounded: bench.type == .float32 ? nil : try bench.room(shape))
        }
    }

    /// Mean squares that changes are clipped by: of rows and columns, of a vector's elements.
    private static func meanSquares(of shape: [Int], on backend: any Backend) throws(TensorError) -> [Tensor] {
        let shapes = shape.count < 2 ? [shape] : [Array(shape.dropLast()), shape.dropLast(2) + shape.suffix(1)]
        return try shapes.map { (shape) throws(TensorError) in
            try .filled(0.01, shape: shape, .float32, on: backend)
        }
    }
}

/// A weight of a check, with its copy in the type that is checked.
private struct UpdatedWeight {
    let name: String
    let parameter: Tensor
    let rounded: Tensor?

    var shape: [Int] { parameter.shape }
    var tensors: [Tensor] { [parameter, rounded ?? parameter] }

    func gradient(_ bench: CUDASelfCheck.Bench, _ step: Int) throws(TensorError) -> Tensor {
        try bench.input("g\(step) \(name)", shape)
    }
}

/// Moments of zeros in 8 bits.
struct EightBitMoments {
    let codes, scales: [Tensor]

    init(_ shape: [Int], on backend: any Backend) throws(TensorError) {
        let blocks = (shape.product + BlockwiseAdamWCall.blockSize - 1) / BlockwiseAdamWCall.blockSize
        codes = try (0..<2).map { (_) throws(TensorError) in
            try Tensor([UInt8](repeating: 0, count: shape.product), shape: shape, on: backend)
        }
        scales = try (0..<2).map { (_) throws(TensorError) in
            try .filled(0, shape: [blocks], .float32, on: backend)
        }
    }
}
