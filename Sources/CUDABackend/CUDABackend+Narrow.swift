import CCUDAKernels
import Tensors

/// Products with a narrow side, as low-rank adapters have them: they are bound by memory, and have kernels of their own.
extension CUDABackend {
    /// Multiplies, if the product has a narrow side and the rest is as the kernels want it.
    ///
    /// - Parameters:
    ///   - m: rows of the output.
    ///   - n: columns of the output.
    ///   - k: terms of each sum.
    /// - Returns: whether it did.
    func multiplyNarrow(_ call: MatmulCall, _ m: Int, _ n: Int, _ k: Int) throws(TensorError) -> Bool {
        let addresses = [source(call.a), source(call.b), source(call.output)]
        guard call.a.elementType != .float32, call.bias == nil, addresses.allSatisfy({ $0 % 16 == 0 }),
            max(m, n, k) <= Int(Int32.max)
        else { return false }
        if call.transposeA { return try sumNarrowGradient(call, m, n, k) }
        guard Self.isNarrow(n, beside: k) || Self.isNarrow(k, beside: n) else { return false }
        let arguments = ccudakernels_narrow_arguments(
            a: source(call.a), b: source(call.b), output: target(call.output), m: Int32(m), n: Int32(n), k: Int32(k),
            transpose_b: call.transposeB ? 1 : 0, alpha: call.alpha, accumulate: call.accumulate ? 1 : 0)
        let types = try suffix(call.a, "matmul") + suffix(call.output, "matmul")
        if Self.isNarrow(n, beside: k) {
            try kernels.launch("narrow_rows" + types, grid: ((m + 15) / 16, 1, 1), block: 512, arguments)
        } else {
            let rows = Int(CCUDAKERNELS_SHALLOW_ROWS)
            let grid = ((n + 255) / 256, (m + rows - 1) / rows, 1)
            guard grid.1 <= 65535 else { return false }
            try kernels.launch("shallow_rows" + types, grid: grid, block: 256, arguments)
        }
        return true
    }

    /// `output (+)= a^T b` where either result's side is narrow.
    private func sumNarrowGradient(_ call: MatmulCall, _ m: Int, _ n: Int, _ k: Int) throws(TensorError) -> Bool {
        let turned = Self.isNarrow(m, beside: n)
        guard !call.transposeB, turned || Self.isNarrow(n, beside: m) else { return false }
        let (wide, narrow) = turned ? (call.b, call.a) : (call.a, call.b)
        let arguments = ccudakernels_narrow_gradient_arguments(
            wide: source(wide), narrow: source(narrow), output: target(call.output), rows: Int32(k),
            columns: Int32(max(m, n)), width: Int32(min(m, n)), turned: turned ? 1 : 0, alpha: call.alpha,
            accumulate: call.accumulate ? 1 : 0)
        try kernels.launch(
            "narrow_gradient" + suffix(call.a, "matmul") + suffix(call.output, "matmul"),
            grid: ((max(m, n) + 63) / 64, 1, 1), block: 512, arguments)
        return true
    }

    /// Whether a size is that of an adapter beside one of a model.
    private static func isNarrow(_ size: Int, beside other: Int) -> Bool {
        size <= Int(CCUDAKERNELS_NARROW) && other >= 4 * size && other % 8 == 0 && other >= 64
    }
}
