import CKernels
import Glibc
import Tensors

/// Rotary positions and attention.
extension CPUBackend {
    package func rotary(_ call: RotaryCall) throws(TensorError) {
        let (heads, size) = (call.input.shape[1], call.input.shape[2])
        try require(call.positions, .int32, "rotary")
        let (from, to) = (try input(call.input, "rotary"), try output(call.output, "rotary"))
        Self.frequencies(theta: call.theta, headSize: size).withUnsafeBufferPointer { frequencies in
            let arguments = ckernels_rotary_call(
                input: from, output: to, positions: source(call.positions).assumingMemoryBound(to: Int32.self),
                frequencies: frequencies.baseAddress, heads: heads, head_size: size, inverse: call.inverse)
            run(CKERNELS_ROTARY, rows: call.input.shape[0], of: heads * size, arguments)
        }
    }

    package func attention(_ call: AttentionCall) throws(TensorError) {
        guard call.output.count > 0 else { return }
        let visible = try visibleKeys(call)
        let arguments = try attentionArguments(call, output: output(call.output, "attention"))
        let status = visible.withUnsafeBufferPointer { buffer in
            var arguments = arguments
            arguments.visible = buffer.baseAddress
            return ckernels_attention(engine, &arguments)
        }
        guard status == 0 else { throw scratchError("attention") }
    }

    package func attentionBackward(_ call: AttentionBackwardCall) throws(TensorError) {
        let name = "attention backward"
        for gradient in [call.qGradient, call.kGradient, call.vGradient] {
            try fill(FillCall(output: gradient, value: 0))
        }
        guard call.outputGradient.count > 0 else { return }
        let visible = try visibleKeys(call.forward)
        let forward = try attentionArguments(call.forward, output: input(call.forward.output, name))
        guard forward.log_sum_exp != nil else {
            throw .argument(operation: name, reason: "the forward kept no logSumExp; ask for it")
        }
        var arguments = ckernels_attention_backward_call(
            forward: forward, output_gradient: try input(call.outputGradient, name),
            q_gradient: try output(call.qGradient, name), k_gradient: try output(call.kGradient, name),
            v_gradient: try output(call.vGradient, name))
        let status = visible.withUnsafeBufferPointer { buffer in
            arguments.forward.visible = buffer.baseAddress
            return ckernels_attention_backward(engine, &arguments)
        }
        guard status == 0 else { throw scratchError(name) }
    }
}

extension CPUBackend {
    /// What a call throws when the kernels cannot get working memory.
    func scratchError(_ operation: String) -> TensorError {
        .outOfMemory(
            what: "working memory of \(operation)", byteCount: ckernels_engine_refused_size(engine), device: "cpu")
    }

    /// The reference's angles for a position of one: `1 / theta^(2i / d)`, the power and its inverse each rounded to float32.
    private static func frequencies(theta: Float, headSize: Int) -> [Float] {
        (0..<headSize / 2).map { 1 / Float(pow(Double(theta), Double(Float(2 * $0) / Float(headSize)))) }
    }

    private func visibleKeys(_ call: AttentionCall) throws(TensorError) -> [ckernels_visible] {
        let (batch, capacity) = (call.q.shape[0], call.k.shape[1])
        guard call.mask.keys.count == batch && call.mask.prefixEnd.count == batch else {
            throw .shapeMismatch(
                operation: "attention mask", [call.mask.keys.count, call.mask.prefixEnd.count], [batch, batch])
        }
        if let window = call.mask.window, window < 1 {
            throw .argument(operation: "attention", reason: "a window of \(window) sees nothing; use 1 or more")
        }
        for keys in call.mask.keys where keys.lowerBound < 0 || keys.upperBound > capacity {
            throw .index(operation: "attention mask", found: keys.upperBound, limit: capacity)
        }
        return zip(call.mask.keys, call.mask.prefixEnd).map { keys, prefixEnd in
            ckernels_visible(key_begin: keys.lowerBound, key_end: keys.upperBound, prefix_end: prefixEnd)
        }
    }

    private func attentionArguments(
        _ call: AttentionCall, output: ckernels_array
    ) throws(TensorError) -> ckernels_attention_call {
        for operand in [call.q, call.k, call.v] where operand.elementType == .float16 {
            throw .elementType(operation: "attention", found: .float16, expected: "float32 or bfloat16")
        }
        var logSumExp: UnsafeMutablePointer<Float>?
        if let tensor = call.logSumExp { logSumExp = try floatTarget(tensor, "attention") }
        return ckernels_attention_call(
            q: try input(call.q, "attention"), k: try input(call.k, "attention"), v: try input(call.v, "attention"),
            output: output, log_sum_exp: logSumExp, visible: nil, batch: call.q.shape[0], queries: call.q.shape[1],
            capacity: call.k.shape[1], heads: call.q.shape[2], key_heads: call.k.shape[2],
            head_size: call.q.shape[3], query_offset: call.mask.queryOffset, window: call.mask.window ?? 0,
            window_spares_prefix: call.mask.windowSparesPrefix, scale: call.scale, soft_cap: call.softCap ?? 0)
    }
}
