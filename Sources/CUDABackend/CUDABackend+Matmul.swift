import CCUDAKernels
import Tensors

/// Products of matrices: of few rows by a kernel that reads the weight once, with a narrow side by others, the rest by cuBLASLt.
///
/// Within each of the two kinds a row's bits do not depend on the number of rows; between them they may differ by rounding.
extension CUDABackend {
    /// The most rows of a product that are few.
    static let fewRows = Int(CCUDAKERNELS_FEW_ROWS)

    package func matmul(_ call: MatmulCall) throws(TensorError) {
        let (m, n) = (call.output.rows, call.output.columns)
        let k = call.transposeB ? call.b.columns : call.b.rows
        guard m > 0 && n > 0 else { return }
        try checkTypes(call)
        if k == 0 {
            if !call.accumulate { try fill(FillCall(output: call.output, value: 0)) }
            if let bias = call.bias { try addBias(bias, to: call.output) }
        } else if !call.transposeA && m <= Self.fewRows {
            try multiplyFewRows(call, m, n, k)
        } else if try !multiplyNarrow(call, m, n, k) {
            try multiplyManyRows(call, m, n, k)
        }
    }

    /// The blocks of a product of few rows with a weight `[n, k]`.
    func fewRowsGrid(_ rows: Int, _ columns: Int) -> (Int, Int, Int) {
        ((columns + 15) / 16, (rows + Self.fewRows - 1) / Self.fewRows, 1)
    }
}

extension CUDABackend {
    private func checkTypes(_ call: MatmulCall) throws(TensorError) {
        try requireSameType(call.b, as: call.a, "matmul")
        try requireSameType(call.bias, as: call.a, "matmul")
        if call.output.elementType != .float32 { try requireSameType(call.output, as: call.a, "matmul") }
    }

    private func multiplyFewRows(_ call: MatmulCall, _ m: Int, _ n: Int, _ k: Int) throws(TensorError) {
        let arguments = ccudakernels_few_rows_arguments(
            a: source(call.a), b: source(call.b), bias: source(call.bias), output: target(call.output), m: Int32(m),
            n: Int32(n), k: Int32(k), alpha: call.alpha, accumulate: call.accumulate ? 1 : 0)
        let types = try suffix(call.a, "matmul") + suffix(call.output, "matmul")
        if call.transposeB {
            try kernels.launch("few_rows" + types, grid: fewRowsGrid(m, n), block: 256, arguments)
        } else {
            try kernels.launch("few_rows_plain" + types, grid: ((n + 63) / 64, m, 1), block: 256, arguments)
        }
    }

    private func multiplyManyRows(_ call: MatmulCall, _ m: Int, _ n: Int, _ k: Int) throws(TensorError) {
        _ = try suffix(call.a, "matmul")
        // cuBLASLt adds a bias of the output's type alone.
        let addsBias = call.bias?.elementType == call.output.elementType
        try products.multiply(
            ProductPlans.Product(
                m: m, n: n, k: k, transposeA: call.transposeA, transposeB: call.transposeB, type: call.a.elementType,
                outputType: call.output.elementType, a: source(call.a), b: source(call.b),
                bias: addsBias ? source(call.bias) : 0, output: target(call.output), alpha: call.alpha,
                accumulate: call.accumulate))
        if let bias = call.bias, !addsBias { try addBias(bias, to: call.output) }
    }

    private func addBias(_ bias: Tensor, to output: Tensor) throws(TensorError) {
        try add(AddCall(a: output, b: bias, scale: 1, output: output))
    }
}
