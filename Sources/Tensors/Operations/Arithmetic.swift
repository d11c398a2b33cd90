extension Tensor {
    /// The sum; `other` may have fewer rows, then it repeats (position embeddings over a batch).
    ///
    /// - Parameter other: of the type of `self`, or any real one where that is float32.
    /// - Throws: `TensorError.shapeMismatch` if the columns differ or the rows are no multiple.
    package func adding(_ other: Tensor) throws(TensorError) -> Tensor {
        guard columns == other.columns, other.rows > 0, rows % other.rows == 0 else {
            throw .shapeMismatch(operation: "add", shape, other.shape)
        }
        let output = try Tensor(uninitialized: shape, elementType, on: backend)
        try backend.add(AddCall(a: detached, b: other.detached, scale: 1, output: output))
        return Tape.record(output, from: [self, other]) {
            AdditionBackward(otherShape: other.shape, otherType: other.elementType)
        }
    }

    /// The product with a number.
    package func scaled(by factor: Float) throws(TensorError) -> Tensor {
        let output = try Tensor(uninitialized: shape, elementType, on: backend)
        try backend.scale(ScaleCall(input: detached, factor: factor, output: output))
        return Tape.record(output, from: [self]) { ScaleBackward(factor: factor) }
    }

    /// Elements dropped to zero with probability `rate`, the others scaled by `1 / (1 - rate)`; not recorded.
    package func dropped(rate: Float, key: RandomKey) throws(TensorError) -> Tensor {
        guard rate > 0 else { return detached }
        let output = try Tensor(uninitialized: shape, elementType, on: backend)
        try backend.dropout(DropoutCall(input: detached, rate: rate, key: key, output: output))
        return output
    }

    /// A tensor filled with one value.
    package static func filled(
        _ value: Float, shape: [Int], _ elementType: ElementType, on backend: any Backend
    ) throws(TensorError) -> Tensor {
        let output = try Tensor(uninitialized: shape, elementType, on: backend)
        try backend.fill(FillCall(output: output, value: value))
        return output
    }
}

private struct AdditionBackward: BackwardOperation {
    let otherShape: [Int]
    let otherType: ElementType

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        try gradients.add(outputGradient, to: 0)
        guard gradients.wants(1) else { return }
        let backend = outputGradient.backend
        let width = otherShape.product
        if width == outputGradient.count {
            return try gradients.add(outputGradient.viewed(as: otherShape).converted(to: otherType), to: 1)
        }
        // A repeated operand gathers the gradient of every repetition: a sum over rows of its whole size.
        let repeats = outputGradient.viewed(as: [outputGradient.count / width, width])
        try gradients.accumulate(to: 1, shape: [width], elementType: .float32, on: backend) {
            (target, accumulate) throws(TensorError) in
            try backend.sumColumns(
                SumColumnsCall(input: repeats, accumulate: accumulate, output: target.viewed(as: [width])))
        }
    }
}

private struct ScaleBackward: BackwardOperation {
    let factor: Float

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        try gradients.add(outputGradient.scaled(by: factor), to: 0)
    }
}
