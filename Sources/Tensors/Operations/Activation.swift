extension Tensor {
    /// The Gaussian error linear unit in its tanh form.
    package func gelu() throws(TensorError) -> Tensor {
        let output = try Tensor(uninitialized: shape, elementType, on: backend)
        try backend.gelu(GELUCall(input: detached, output: output))
        return Tape.record(output, from: [self]) { GELUBackward(x: detached) }
    }

    /// `gelu(self) * up`: `self` is the gate of Gemma's feed-forward layer.
    ///
    /// - Throws: `TensorError.shapeMismatch` if the shapes differ.
    package func gatedGELU(up: Tensor) throws(TensorError) -> Tensor {
        guard shape == up.shape else { throw .shapeMismatch(operation: "gated GELU", shape, up.shape) }
        let output = try Tensor(uninitialized: shape, elementType, on: backend)
        try backend.gatedGELU(GatedGELUCall(gate: detached, up: up.detached, output: output))
        return Tape.record(output, from: [self, up]) { GatedGELUBackward(gate: detached, up: up.detached) }
    }
}

private struct GELUBackward: BackwardOperation {
    let x: Tensor

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        try gradients.accumulate(to: 0, shape: x.shape, elementType: x.elementType, on: x.backend) {
            (target, accumulate) throws(TensorError) in
            try x.backend.geluBackward(
                GELUBackwardCall(
                    outputGradient: outputGradient, input: x, inputGradient: target, accumulate: accumulate))
        }
    }
}

private struct GatedGELUBackward: BackwardOperation {
    let gate: Tensor
    let up: Tensor

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        let backend = gate.backend
        let gateGradient = try Tensor(uninitialized: gate.shape, gate.elementType, on: backend)
        let upGradient = try Tensor(uninitialized: up.shape, up.elementType, on: backend)
        try backend.gatedGELUBackward(
            GatedGELUBackwardCall(
                outputGradient: outputGradient, gate: gate, up: up, gateGradient: gateGradient,
                upGradient: upGradient))
        try gradients.add(gateGradient, to: 0)
        try gradients.add(upGradient, to: 1)
    }
}
