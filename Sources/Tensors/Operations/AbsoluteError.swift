extension Tensor {
    /// The weighted sums of the absolute errors of each row.
    ///
    /// - Parameters:
    ///   - target: float32, of the shape of `self`; gets no gradient.
    ///   - weight: what an error of one counts.
    /// - Returns: float32 `[rows]`; what is minimized is their sum.
    /// - Throws: `TensorError.shapeMismatch` if the shapes differ.
    package func absoluteError(to target: Tensor, weight: Float) throws(TensorError) -> Tensor {
        guard shape == target.shape else { throw .shapeMismatch(operation: "absolute error", shape, target.shape) }
        let losses = try Tensor(uninitialized: [rows], .float32, on: backend, label: "losses")
        let gradient = requiresGradient ? try Tensor(uninitialized: shape, elementType, on: backend) : nil
        try backend.absoluteError(
            AbsoluteErrorCall(
                prediction: detached, target: target.detached, weight: weight, losses: losses, gradient: gradient))
        guard let gradient else { return losses }
        return Tape.record(losses, from: [self]) { AbsoluteErrorBackward(gradient: gradient) }
    }
}

/// The end of the chain: the gradient was made with the losses, for the sum of the losses.
private struct AbsoluteErrorBackward: BackwardOperation {
    let gradient: Tensor

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        try gradients.add(gradient, to: 0)
    }
}
