import CKernels
import Tensors

/// Products of matrices.
extension CPUBackend {
    package func matmul(_ call: MatmulCall) throws(TensorError) {
        var arguments = try matmulArguments(call)
        guard arguments.m > 0 && arguments.n > 0 else { return }
        try checkLibrary(call.a.elementType)
        let packed = call.reusesB ? packedWeight(call, arguments) : nil
        let status: Int32
        if let library {
            status = ckernels_library_matmul(engine, library, &arguments, packed?.start)
        } else {
            status = ckernels_matmul(engine, &arguments, packed?.start)
        }
        guard status >= 0 else { throw scratchError("matmul") }
        guard status == 0 else {
            throw .library(name: options.matmulLibrary.rawValue, call: "matmul", status: Int(status))
        }
    }
}

extension CPUBackend {
    /// oneDNN has no bfloat16 below AVX-512, and would say so by a number only.
    private func checkLibrary(_ elementType: ElementType) throws(TensorError) {
        guard options.matmulLibrary == .onednn, elementType == .bfloat16, !ckernels_isa_present(CKERNELS_AVX512) else {
            return
        }
        throw .unavailable(
            device: "cpu",
            reason: "oneDNN multiplies bfloat16 on processors with AVX-512 only; use --gemm auto, or --dtype float32")
    }

    private func matmulArguments(_ call: MatmulCall) throws(TensorError) -> ckernels_matmul_call {
        for operand in [call.a, call.b] where operand.elementType == .float16 {
            throw .elementType(operation: "matmul", found: .float16, expected: "float32 or bfloat16")
        }
        guard call.a.elementType == call.b.elementType else {
            throw .elementType(operation: "matmul", found: call.b.elementType, expected: call.a.elementType.name)
        }
        let (aColumns, bColumns) = (call.a.columns, call.b.columns)
        return ckernels_matmul_call(
            a: try input(call.a, "matmul"), b: try input(call.b, "matmul"), output: try output(call.output, "matmul"),
            bias: try input(call.bias, "matmul"), m: call.output.rows, n: call.output.columns,
            k: call.transposeB ? bColumns : call.b.rows, a_row: call.transposeA ? 1 : aColumns,
            a_depth: call.transposeA ? aColumns : 1, b_depth: call.transposeB ? 1 : bColumns,
            b_column: call.transposeB ? bColumns : 1, alpha: call.alpha, accumulate: call.accumulate, quantized_b: nil)
    }

    /// The bytes that a weight takes once it is packed for products with operands of its own type.
    func packedByteCount(inner: Int, columns: Int, _ elementType: ElementType) -> Int {
        var arguments = ckernels_matmul_call()
        arguments.a.type = elementType == .bfloat16 ? CKERNELS_BFLOAT16 : CKERNELS_FLOAT32
        arguments.b.type = arguments.a.type
        (arguments.m, arguments.n, arguments.k) = (1, columns, inner)
        return packedByteCount(&arguments)
    }

    private func packedByteCount(_ arguments: inout ckernels_matmul_call) -> Int {
        guard let library else { return ckernels_packed_size(engine, &arguments) }
        return ckernels_library_packed_size(library, &arguments)
    }

    /// The packed form of `b`, made at first use; nil if it would go over the budget or there is no memory for it.
    private func packedWeight(_ call: MatmulCall, _ arguments: ckernels_matmul_call) -> PackedWeight? {
        var arguments = arguments
        let storage = cpuStorage(call.b.storage)
        let key = PackedWeight.Key(
            byteOffset: call.b.byteOffset, shape: call.b.shape, elementType: call.b.elementType,
            transposed: call.transposeB)
        if let packed = storage.packedWeights[key] { return packed }
        let byteCount = packedByteCount(&arguments)
        guard byteCount > 0, pool.packedByteCount + byteCount <= options.packingBudget,
            let packed = PackedWeight(byteCount: byteCount, pool: pool)
        else { return nil }
        let status: Int32
        if let library {
            status = ckernels_library_pack(engine, library, &arguments, packed.start)
        } else {
            status = ckernels_pack(engine, &arguments, packed.start)
        }
        guard status == 0 else { return nil }
        storage.packedWeights[key] = packed
        if options.dropsMappedPages && storage.isAdopted {
            ckernels_drop_mapped_pages(source(call.b), call.b.byteCount)
        }
        return packed
    }
}
