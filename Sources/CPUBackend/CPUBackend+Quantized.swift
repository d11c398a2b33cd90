import CKernels
import Tensors

/// Quantized weights, which are turned into real numbers a panel at a time, where a product needs them.
extension CPUBackend {
    package func dequantize(_ call: DequantizeCall) throws(TensorError) {
        let arguments = ckernels_dequantize_call(
            input: try kernelMatrix(call.input, "dequantize"), output: try output(call.output, "dequantize"))
        run(CKERNELS_DEQUANTIZE, elements: call.input.count, arguments)
    }

    package func matmul(_ call: QuantizedMatmulCall) throws(TensorError) {
        guard call.a.elementType != .float16 else {
            throw .elementType(operation: "quantized matmul", found: .float16, expected: "float32 or bfloat16")
        }
        let (rows, columns) = (call.b.shape[0], call.b.shape[1])
        var arguments = ckernels_matmul_call()
        arguments.a = try input(call.a, "quantized matmul")
        arguments.b.type = arguments.a.type
        arguments.output = try output(call.output, "quantized matmul")
        arguments.bias = try input(call.bias, "quantized matmul")
        (arguments.m, arguments.n) = (call.output.rows, call.output.columns)
        arguments.k = call.transposeB ? columns : rows
        (arguments.a_row, arguments.a_depth) = (call.a.columns, 1)
        arguments.b_depth = call.transposeB ? 1 : columns
        arguments.b_column = call.transposeB ? columns : 1
        arguments.alpha = 1
        arguments.accumulate = call.accumulate
        guard arguments.m > 0 && arguments.n > 0 else { return }
        var matrix = try kernelMatrix(call.b, "quantized matmul")
        if call.a.elementType == .bfloat16 { matrix.type = CKERNELS_BFLOAT16 }
        let status = withUnsafePointer(to: matrix) { pointer in
            arguments.quantized_b = pointer
            return ckernels_matmul(engine, &arguments, nil)
        }
        guard status == 0 else { throw scratchError("quantized matmul") }
    }

    /// A matrix as C takes it.
    private func kernelMatrix(_ matrix: NF4Matrix, _ operation: String) throws(TensorError) -> ckernels_nf4 {
        var result = ckernels_nf4()
        result.codes = bytes(matrix.codes)
        result.type = matrix.elementType == .bfloat16 ? CKERNELS_BFLOAT16 : CKERNELS_FLOAT32
        switch matrix.scales {
        case .plain(let scales): result.scales = UnsafePointer(try floats(scales, operation))
        case .nested(let nested):
            result.scale_codes = bytes(nested.codes)
            result.scale_map = UnsafePointer(try floats(nested.map, operation))
            result.outer_scales = UnsafePointer(try floats(nested.outer, operation))
            result.offset = nested.offset
        }
        return result
    }

    private func bytes(_ tensor: Tensor) -> UnsafePointer<UInt8> {
        UnsafePointer(source(tensor).assumingMemoryBound(to: UInt8.self))
    }
}
