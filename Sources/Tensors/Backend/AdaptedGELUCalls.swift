/// A matrix and the low-rank product that is added to it: `matrix + scaling * reduced b^T`, rounded to the element type.
///
/// - Shapes: matrix `[M, N]`, reduced `[M, r]`, b `[N, r]`.
package struct AdaptedMatrix {
    package let matrix: Tensor
    package let reduced: Tensor
    package let b: Tensor
    package let scaling: Float

    /// States a sum.
    package init(matrix: Tensor, reduced: Tensor, b: Tensor, scaling: Float) {
        (self.matrix, self.reduced, self.b, self.scaling) = (matrix, reduced, b, scaling)
    }
}

/// Where a sum of gradients belongs: a float32 tensor, and whether to add to what it holds.
package struct GradientTarget {
    package let tensor: Tensor
    package let accumulate: Bool

    /// States a place.
    package init(tensor: Tensor, accumulate: Bool) {
        (self.tensor, self.accumulate) = (tensor, accumulate)
    }
}

/// The middle of a feed-forward layer with adapters: `output = gelu(gate) * up`, and `narrowed = output a^T`.
///
/// - Shapes: gate, up and output `[M, N]`, a `[q, N]`, narrowed `[M, q]`.
/// - Types: all alike.
package struct AdaptedGatedGELUCall {
    package let gate: AdaptedMatrix
    package let up: AdaptedMatrix
    package let a: Tensor
    package let output: Tensor
    package let narrowed: Tensor

    /// States a call.
    package init(gate: AdaptedMatrix, up: AdaptedMatrix, a: Tensor, output: Tensor, narrowed: Tensor) {
        (self.gate, self.up, self.a, self.output, self.narrowed) = (gate, up, a, output, narrowed)
    }
}

/// The gradients of an `AdaptedGatedGELUCall`, where that of its output is `outputGradient + narrowedGradient a`, rounded to the
/// element type.
///
/// - Shapes: those of gate and up `[M, N]`; of what is reduced `[M, r]`, of b `[N, r]`, of a `[q, N]`.
/// The gradients of reduced are `scaling` times those of the sums, times b; those of b count `scaling` too.
package struct AdaptedGatedGELUBackwardCall {
    package let gate: AdaptedMatrix
    package let up: AdaptedMatrix
    package let a: Tensor
    package let outputGradient: Tensor
    package let narrowedGradient: Tensor
    package let gateGradient: Tensor
    package let upGradient: Tensor
    package let gateReducedGradient: Tensor
    package let upReducedGradient: Tensor
    /// Of the parameters, where they want one.
    package var (ofGateB, ofUpB, ofA): (GradientTarget?, GradientTarget?, GradientTarget?)

    /// States a call; the gradients of parameters are set as needed.
    package init(
        gate: AdaptedMatrix, up: AdaptedMatrix, a: Tensor, outputGradient: Tensor, narrowedGradient: Tensor,
        gateGradient: Tensor, upGradient: Tensor, gateReducedGradient: Tensor, upReducedGradient: Tensor
    ) {
        (self.gate, self.up, self.a) = (gate, up, a)
        (self.outputGradient, self.narrowedGradient) = (outputGradient, narrowedGradient)
        (self.gateGradient, self.upGradient) = (gateGradient, upGradient)
        (self.gateReducedGradient, self.upReducedGradient) = (gateReducedGradient, upReducedGradient)
    }
}

extension Backend {
    /// For devices without a kernel of their own: the sums, the gate, the product.
    package func gatedGELU(_ call: AdaptedGatedGELUCall) throws(TensorError) {
        try computeApart(call)
    }

    /// For devices without a kernel of their own: one gradient after another.
    package func gatedGELUBackward(_ call: AdaptedGatedGELUBackwardCall) throws(TensorError) {
        try computeApart(call)
    }

    /// The sums, the gate, the product.
    package func computeApart(_ call: AdaptedGatedGELUCall) throws(TensorError) {
        let (gate, up) = (try sum(call.gate), try sum(call.up))
        try gatedGELU(GatedGELUCall(gate: gate, up: up, output: call.output))
        var product = MatmulCall(a: call.output, b: call.a, output: call.narrowed)
        product.transposeB = true
        try matmul(product)
    }

    /// One gradient after another.
    package func computeApart(_ call: AdaptedGatedGELUBackwardCall) throws(TensorError) {
        let (gate, up) = (try sum(call.gate), try sum(call.up))
        let gradient = try copy(of: call.outputGradient)
        var share = MatmulCall(a: call.narrowedGradient, b: call.a, output: gradient)
        share.accumulate = true
        try matmul(share)
        try gatedGELUBackward(
            GatedGELUBackwardCall(
                outputGradient: gradient, gate: gate, up: up, gateGradient: call.gateGradient,
                upGradient: call.upGradient))
        for (sum, gradient, reducedGradient, ofB) in [
            (call.gate, call.gateGradient, call.gateReducedGradient, call.ofGateB),
            (call.up, call.upGradient, call.upReducedGradient, call.ofUpB),
        ] {
            var product = MatmulCall(a: gradient, b: sum.b, output: reducedGradient)
            product.alpha = sum.scaling
            try matmul(product)
            if let ofB { try matmul(.sum(of: gradient, sum.reduced, scale: sum.scaling, to: ofB)) }
        }
        guard let ofA = call.ofA else { return }
        try gatedGELU(GatedGELUCall(gate: gate, up: up, output: gate))
        try matmul(.sum(of: call.narrowedGradient, gate, scale: 1, to: ofA))
    }

    private func sum(_ terms: AdaptedMatrix) throws(TensorError) -> Tensor {
        let result = try copy(of: terms.matrix)
        var product = MatmulCall(a: terms.reduced, b: terms.b, output: result)
        (product.transposeB, product.alpha, product.accumulate) = (true, terms.scaling, true)
        try matmul(product)
        return result
    }

    private func copy(of tensor: Tensor) throws(TensorError) -> Tensor {
        let result = try Tensor(uninitialized: tensor.shape, tensor.elementType, on: self)
        try convert(ConvertCall(input: tensor, output: result))
        return result
    }
}

extension MatmulCall {
    /// `scale * left^T right`, the gradient of a matrix of parameters.
    package static func sum(of left: Tensor, _ right: Tensor, scale: Float, to target: GradientTarget) -> MatmulCall {
        var product = MatmulCall(a: left, b: right, output: target.tensor)
        (product.transposeA, product.alpha, product.accumulate) = (true, scale, target.accumulate)
        return product
    }
}
