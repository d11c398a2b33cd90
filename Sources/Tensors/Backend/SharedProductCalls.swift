/// Several linear maps of one input: `outputs[i] = a weights[i]^T + biases[i]`.
///
/// - Shapes: a `[M, K]`, weights `[N_i, K]`, biases none or `[N_i]`, outputs `[M, N_i]`.
/// - Types: all alike.
/// Bits are those of a `MatmulCall` for each weight; but on a GPU many rows may be rounded otherwise, as they may there where
/// products are of another shape.
package struct SharedMatmulCall {
    package let a: Tensor
    package let weights: [Tensor]
    package let biases: [Tensor]
    package let outputs: [Tensor]
    /// Whether the weights will be used again unchanged, as `MatmulCall.reusesB`.
    package var reusesWeights = true

    /// States the products.
    package init(a: Tensor, weights: [Tensor], biases: [Tensor] = [], outputs: [Tensor]) {
        (self.a, self.weights, self.biases, self.outputs) = (a, weights, biases, outputs)
    }

    /// The product with one weight, alone.
    package func product(_ i: Int) -> MatmulCall {
        var product = MatmulCall(a: a, b: weights[i], output: outputs[i])
        (product.transposeB, product.reusesB) = (true, reusesWeights)
        if !biases.isEmpty { product.bias = biases[i] }
        return product
    }
}

/// `output = gelu(a gate^T) * (a up^T)`, the first half of Gemma's feed-forward layer; both products are rounded to the
/// element type first.
///
/// - Shapes: a `[M, K]`, gate and up `[N, K]`, output `[M, N]`.
/// - Types: all alike.
/// Bits are those of a `SharedMatmulCall` and a `GatedGELUCall` on what it gives.
package struct GatedMatmulCall {
    package let a: Tensor
    package let gate: Tensor
    package let up: Tensor
    package let output: Tensor

    /// States the products.
    package init(a: Tensor, gate: Tensor, up: Tensor, output: Tensor) {
        (self.a, self.gate, self.up, self.output) = (a, gate, up, output)
    }
}

extension Backend {
    /// For devices without a kernel of their own: one product after another.
    package func matmul(_ call: SharedMatmulCall) throws(TensorError) {
        try multiplyApart(call)
    }

    /// For devices without a kernel of their own: both products, then the gate.
    package func matmul(_ call: GatedMatmulCall) throws(TensorError) {
        try multiplyApart(call)
    }

    /// For devices that write products apart.
    package func makeOutputs(of weights: [Tensor], for a: Tensor) throws(TensorError) -> [Tensor] {
        var outputs: [Tensor] = []
        for weight in weights {
            let shape = a.shape.dropLast() + [weight.rows]
            outputs.append(try Tensor(uninitialized: Array(shape), a.elementType, on: self, label: "linear output"))
        }
        return outputs
    }

    /// One product after another.
    package func multiplyApart(_ call: SharedMatmulCall) throws(TensorError) {
        for i in call.weights.indices { try matmul(call.product(i)) }
    }

    /// Both products, then the gate, which is written over the first.
    package func multiplyApart(_ call: GatedMatmulCall) throws(TensorError) {
        let up = try Tensor(uninitialized: call.output.shape, call.output.elementType, on: self, label: "linear output")
        try matmul(SharedMatmulCall(a: call.a, weights: [call.gate, call.up], outputs: [call.output, up]))
        try gatedGELU(GatedGELUCall(gate: call.output, up: up, output: call.output))
    }
}
