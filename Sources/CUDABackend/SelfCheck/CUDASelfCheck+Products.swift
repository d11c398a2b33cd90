import Tensors

/// Products.
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
}
