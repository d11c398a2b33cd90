extension Tensor {
    /// The same elements under another shape of equal count, keeping the way back for the gradient.
    ///
    /// - Throws: `TensorError.shapeMismatch` if the counts differ.
    package func reshaped(to newShape: [Int]) throws(TensorError) -> Tensor {
        guard newShape.product == count else { throw .shapeMismatch(operation: "reshape", shape, newShape) }
        return Tape.record(viewed(as: newShape), from: [self]) { ReshapeBackward(shape: shape) }
    }
}

private struct ReshapeBackward: BackwardOperation {
    let shape: [Int]

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        try gradients.add(outputGradient.viewed(as: shape), to: 0)
    }
}
