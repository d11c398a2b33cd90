extension Tensor {
    /// The linear maps `x weight^T` of one input by several matrices that no gradient is asked for, in one call.
    ///
    /// For inference alone: nothing is recorded.
    /// - Parameters:
    ///   - weights: each `[out, in]`, in the type of `self`.
    ///   - biases: none, or one `[out]` for each weight, in the same type.
    /// - Returns: for each weight the shape of `self` with `in` replaced by its `out`.
    /// - Throws: `TensorError.shapeMismatch` if a weight's last axis is not `in`.
    package func linear(byEach weights: [Tensor], biases: [Tensor] = []) throws(TensorError) -> [Tensor] {
        for weight in weights { try checkWeight(weight) }
        if !biases.isEmpty {
            let widths = weights.map { [$0.rows] }
            guard biases.map(\.shape) == widths else {
                throw .shapeMismatch(operation: "linear", biases.map(\.count), weights.map(\.rows))
            }
        }
        let outputs = try backend.makeOutputs(of: weights, for: self)
        try backend.matmul(SharedMatmulCall(a: self, weights: weights, biases: biases, outputs: outputs))
        return outputs
    }

    /// `gelu(x gate^T) * (x up^T)`, for inference alone: nothing is recorded.
    ///
    /// - Parameter gate, up: both `[out, in]`, in the type of `self`.
    /// - Returns: the shape of `self` with `in` replaced by `out`.
    /// - Throws: `TensorError.shapeMismatch` if the matrices differ in shape, or their last axis is not `in`.
    package func gatedLinear(gate: Tensor, up: Tensor) throws(TensorError) -> Tensor {
        guard gate.shape == up.shape else { throw .shapeMismatch(operation: "gated linear", gate.shape, up.shape) }
        let output = try linearOutput(gate)
        try backend.matmul(GatedMatmulCall(a: self, gate: gate, up: up, output: output))
        return output
    }

    /// Room for `x weight^T`.
    private func linearOutput(_ weight: Tensor) throws(TensorError) -> Tensor {
        try checkWeight(weight)
        return try Tensor(
            uninitialized: shape.dropLast() + [weight.shape[0]], elementType, on: backend, label: "linear output")
    }

    private func checkWeight(_ weight: Tensor) throws(TensorError) {
        guard weight.shape.count == 2, weight.shape[1] == columns, !requiresGradient, !weight.requiresGradient else {
            throw .shapeMismatch(operation: "linear", shape, weight.shape)
        }
    }
}
