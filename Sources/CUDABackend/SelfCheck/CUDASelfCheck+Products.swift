import Tensors

/// Products and attention.
extension CUDASelfCheck {
    /// Rows, columns, depth: on both sides of few rows, odd and even.
    private static let products = [
        [1, 33, 7], [1, 512, 2304], [5, 64, 255], [16, 257, 1152], [17, 33, 129], [100, 300, 256], [333, 129, 65],
        [64, 130, 4304],
    ]
    /// The same with a narrow side, as adapters have them.
    private static let narrowProducts = [
        [40, 8, 264], [333, 8, 2304], [50, 24, 520], [65, 264, 8], [130, 1152, 24], [264, 8, 65], [8, 264, 333],
    ]

    static var productChecks: [Check] {
        [(false, false), (false, true), (true, false), (true, true)].map { (transposeA, transposeB) in
            let name = "product" + (transposeA ? ", a transposed" : "") + (transposeB ? ", b transposed" : "")
            return Check(kernel: name, shapes: products + narrowProducts) { (bench, shape) throws(TensorError) in
                try multiply(bench, shape, transposeA, transposeB)
            }
        } + [
            Check(kernel: "4-bit weights", shapes: [[1, 64, 256], [7, 129, 320], [40, 65, 128]]) {
                (bench, shape) throws(TensorError) in try multiplyQuantized(bench, shape)
            }
        ]
    }

    private static func multiply(
        _ bench: Bench, _ shape: [Int], _ transposeA: Bool, _ transposeB: Bool
    ) throws(TensorError) -> [Tensor] {
        let (m, n, k) = (shape[0], shape[1], shape[2])
        let a = try bench.input("a", transposeA ? [k, m] : [m, k])
        let b = try bench.input("b", transposeB ? [n, k] : [k, n], deviation: 0.2)
        var plain = MatmulCall(a: a, b: b, output: try bench.room([m, n]))
        (plain.transposeA, plain.transposeB) = (transposeA, transposeB)
        plain.bias = try bench.input("bias", [n])
        try bench.backend.matmul(plain)
        var added = MatmulCall(a: a, b: b, output: try bench.floats("old", [m, n]))
        (added.transposeA, added.transposeB) = (transposeA, transposeB)
        (added.alpha, added.accumulate) = (0.5, true)
        try bench.backend.matmul(added)
        var alone = MatmulCall(a: a, b: b, output: try bench.room([m, n]))
        (alone.transposeA, alone.transposeB) = (transposeA, transposeB)
        try bench.backend.matmul(alone)
        return [plain.output, added.output, alone.output]
    }

    private static func multiplyQuantized(_ bench: Bench, _ shape: [Int]) throws(TensorError) -> [Tensor] {
        let (m, n, k) = (shape[0], shape[1], shape[2])
        let blocks = NF4Matrix.blockCount(of: [n, k])
        var stream = RandomStream(seed: 13, purpose: "codes\(shape)")
        let codes = (0..<(n * k + 1) / 2).map { _ in UInt8(stream.integer(below: 256)) }
        let scales = (0..<blocks).map { _ in Float(0.1 + stream.uniform()) }
        let matrix = try NF4Matrix(
            codes: Tensor(codes, shape: [codes.count], on: bench.backend),
            scales: .plain(Tensor(scales, shape: [blocks], on: bench.backend)), shape: [n, k],
            elementType: bench.inputType)
        var call = QuantizedMatmulCall(a: try bench.input("a", [m, k]), b: matrix, output: try bench.room([m, n]))
        call.transposeB = true
        try bench.backend.matmul(call)
        return [call.output]
    }

    /// Batch, queries, capacity, heads, heads of keys, head size.
    private static let attentions = [
        [1, 50, 50, 2, 2, 72], [2, 130, 130, 4, 2, 64], [2, 77, 90, 2, 1, 80], [1, 100, 128, 2, 2, 128],
        [1, 150, 160, 4, 2, 256], [5, 170, 200, 4, 2, 256], [2, 37, 40, 2, 1, 12],
    ]
    private static let decodes = [[2, 1, 300, 8, 4, 256], [3, 1, 70, 2, 1, 64], [1, 3, 129, 4, 2, 72]]

    static var attentionChecks: [Check] {
        [
            Check(kernel: "attention", shapes: attentions) { (bench, shape) throws(TensorError) in
                try attend(bench, shape, softCap: 50, offset: 0, isBackward: true)
            },
            Check(kernel: "attention without cap", shapes: attentions) { (bench, shape) throws(TensorError) in
                try attend(bench, shape, softCap: nil, offset: 0, window: 20, isBackward: true)
            },
            Check(kernel: "attention on a cache", shapes: decodes) { (bench, shape) throws(TensorError) in
                try attend(bench, shape, softCap: 50, offset: shape[2] - shape[1] - 2, isBackward: false)
            },
        ]
    }

    private static func attend(
        _ bench: Bench, _ shape: [Int], softCap: Float?, offset: Int, window: Int? = nil, isBackward: Bool
    ) throws(TensorError) -> [Tensor] {
        let (batch, queries, capacity) = (shape[0], shape[1], shape[2])
        let (queryShape, keyShape) = (
            [batch, queries, shape[3], shape[5]], [batch, capacity, shape[4], shape[5]]
        )
        let end = offset + queries
        let mask = AttentionMask(
            keys: (0..<batch).map { 3 * $0..<end }, prefixEnd: (0..<batch).map { end / 2 + $0 }, queryOffset: offset,
            window: window)
        let call = AttentionCall(
            q: try bench.input("q", queryShape), k: try bench.input("k", keyShape), v: try bench.input("v", keyShape),
            mask: mask, scale: 1 / Float(shape[5]).squareRoot(), softCap: softCap, output: try bench.room(queryShape),
            logSumExp: try bench.room([batch, shape[3], queries], .float32))
        try bench.backend.attention(call)
        guard isBackward else { return [call.output] }
        let gradients = [try bench.room(queryShape), try bench.room(keyShape), try bench.room(keyShape)]
        try bench.backend.attentionBackward(
            AttentionBackwardCall(
                outputGradient: bench.input("g", queryShape), forward: call, qGradient: gradients[0],
                kGradient: gradients[1], vGradient: gradients[2]))
        return [call.output] + gradients
    }
}
