import CCUDAKernels
import Tensors

/// Quantized weights: few rows read the 4-bit numbers themselves; for many, a matrix is dequantized for one product.
extension CUDABackend {
    package func dequantize(_ call: DequantizeCall) throws(TensorError) {
        let arguments = ccudakernels_dequantize_arguments(
            input: kernelMatrix(call.input), output: target(call.output), count: Int64(call.input.count))
        try launch("dequantize" + suffix(call.output, "dequantize"), elements: call.input.count, arguments)
    }

    package func matmul(_ call: QuantizedMatmulCall) throws(TensorError) {
        let (name, rows, columns) = ("quantized matmul", call.output.rows, call.output.columns)
        let depth = call.b.shape[1]
        guard call.transposeB, rows <= Self.fewRows, depth > 0 else { return try multiplyDequantized(call) }
        try requireSameType(call.bias, as: call.a, name)
        let arguments = ccudakernels_few_rows_nf4_arguments(
            a: source(call.a), bias: source(call.bias), output: target(call.output), b: kernelMatrix(call.b),
            m: Int32(rows), n: Int32(columns), k: Int32(depth), accumulate: call.accumulate ? 1 : 0)
        try kernels.launch(
            "few_rows_nf4" + suffix(call.a, name) + suffix(call.output, name), grid: fewRowsGrid(rows, columns),
            block: 256, arguments)
    }

    private func kernelMatrix(_ matrix: NF4Matrix) -> ccudakernels_nf4 {
        var result = ccudakernels_nf4()
        result.codes = source(matrix.codes)
        result.type = typeNumber(matrix.elementType)
        switch matrix.scales {
        case .plain(let scales): result.scales = source(scales)
        case .nested(let nested):
            result.scale_codes = source(nested.codes)
            result.scale_map = source(nested.map)
            result.outer_scales = source(nested.outer)
            result.offset = nested.offset
        }
        return result
    }
}
