extension Tensor {
    /// Queries and keys turned by their position, as rotary position embedding does, recorded as one operation.
    ///
    /// - Parameters:
    ///   - inputs: each `[.., heads, d]`, with its own heads.
    ///   - positions: int32 `[R]`, one for each row of heads.
    ///   - theta: the base of the wavelengths.
    /// - Returns: the shapes of the inputs.
    /// - Throws: `TensorError.shapeMismatch` if there are not `R` rows of heads.
    /// - Source: Su et al., "RoFormer", 2021; the halves are paired as in Gemma.
    package static func rotated(_ inputs: [Tensor], positions: Tensor, theta: Float) throws(TensorError) -> [Tensor] {
        for input in inputs {
            let shape = input.shape
            guard shape.count >= 2, input.rows == positions.count * shape[shape.count - 2], input.columns % 2 == 0
            else {
                throw .shapeMismatch(operation: "rotary embedding", shape, positions.shape)
            }
        }
        let operation = RotaryBackward(positions: positions, theta: theta)
        let outputs = try operation.turn(inputs.map(\.detached), inverse: false)
        return Tape.record(outputs, from: inputs) { operation }
    }

    /// Attention of the queries `self` over `keys` and `values`.
    ///
    /// - Parameters:
    ///   - keys, values: `[B, C, Hkv, d]`.
    ///   - mask: who sees whom.
    ///   - scale: multiplies the scores before the cap.
    ///   - softCap: bounds the scores, before the mask.
    /// - Returns: `[B, Tq, Hq, d]`.
    /// - Throws: `TensorError.shapeMismatch` if batch, heads or `d` do not fit.
    package func attention(
        keys: Tensor, values: Tensor, mask: AttentionMask, scale: Float, softCap: Float?
    ) throws(TensorError) -> Tensor {
        guard shape.count == 4, keys.shape.count == 4, keys.shape == values.shape, shape[0] == keys.shape[0],
            shape[3] == keys.shape[3], keys.shape[2] > 0, shape[2] % keys.shape[2] == 0,
            mask.keys.count == shape[0], mask.prefixEnd.count == shape[0],
            mask.keys.allSatisfy({ $0.lowerBound >= 0 && $0.upperBound <= keys.shape[1] })
        else { throw .shapeMismatch(operation: "attention", shape, keys.shape) }
        let output = try Tensor(uninitialized: shape, elementType, on: backend, label: "attention output")
        let inputs = [self, keys, values]
        let isRecorded = inputs.contains { $0.requiresGradient }
        let logSumExp =
            isRecorded ? try Tensor(uninitialized: [shape[0], shape[2], shape[1]], .float32, on: backend) : nil
        let call = AttentionCall(
            q: detached, k: keys.detached, v: values.detached, mask: mask, scale: scale, softCap: softCap,
            output: output, logSumExp: logSumExp)
        try backend.attention(call)
        return Tape.record(output, from: inputs) { AttentionBackward(forward: call) }
    }
}

extension Tensor {
    /// The same elements as `[R, heads, d]`.
    fileprivate var headRows: Tensor {
        let heads = shape[shape.count - 2]
        return viewed(as: [count / (heads * columns), heads, columns])
    }
}

private struct RotaryBackward: JoinedBackwardOperation {
    let positions: Tensor
    let theta: Float

    func turn(_ inputs: [Tensor], inverse: Bool) throws(TensorError) -> [Tensor] {
        let outputs = try inputs.map { (input) throws(TensorError) in
            try Tensor(uninitialized: input.shape, input.elementType, on: input.backend)
        }
        try inputs.first?.backend.rotary(
            zip(inputs, outputs).map { (input, output) in
                RotaryCall(
                    input: input.headRows, positions: positions, theta: theta, inverse: inverse,
                    output: output.headRows)
            })
        return outputs
    }

    func backward(_ outputGradients: [Tensor?], into gradients: inout InputGradients) throws(TensorError) {
        let turned = try turn(outputGradients.compactMap(\.self), inverse: true)
        for (place, gradient) in zip(outputGradients.indices.filter { outputGradients[$0] != nil }, turned) {
            try gradients.add(gradient, to: place)
        }
    }
}

private struct AttentionBackward: BackwardOperation {
    let forward: AttentionCall

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        let backend = outputGradient.backend
        let type = forward.q.elementType
        let q = try Tensor(uninitialized: forward.q.shape, type, on: backend, label: "query gradient")
        let k = try Tensor(uninitialized: forward.k.shape, type, on: backend, label: "key gradient")
        let v = try Tensor(uninitialized: forward.v.shape, type, on: backend, label: "value gradient")
        try backend.attentionBackward(
            AttentionBackwardCall(
                outputGradient: outputGradient, forward: forward, qGradient: q, kGradient: k, vGradient: v))
        try gradients.add(q, to: 0)
        try gradients.add(k, to: 1)
        try gradients.add(v, to: 2)
    }
}
