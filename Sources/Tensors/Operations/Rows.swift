extension Tensor {
    /// The rows of the table `self` that `indices` name, times `scale`.
    ///
    /// - Parameters:
    ///   - indices: each in `0..<V`; kept on the host, since the backward needs them too.
    ///   - scale: rounded to the element type first, as the reference does.
    ///   - ignoredIndex: the padding row: it is read, but gets no gradient from here.
    /// - Returns: `[R, D]`.
    /// - Throws: `TensorError.index` if an index is outside the table.
    package func gatheringRows(
        _ indices: [Int32], scale: Float = 1, ignoredIndex: Int32? = nil
    ) throws(TensorError) -> Tensor {
        let table = viewed(as: [rows, columns])
        if let wrong = indices.first(where: { $0 < 0 || $0 >= rows }) {
            throw .index(operation: "gather rows", found: Int(wrong), limit: rows)
        }
        let output = try Tensor(uninitialized: [indices.count, columns], elementType, on: backend)
        let list = try Tensor(indices, shape: [indices.count], on: backend)
        try backend.gatherRows(GatherRowsCall(table: table, indices: list, scale: scale, output: output))
        return Tape.record(output, from: [self]) {
            GatherRowsBackward(
                indices: indices, scale: scale, ignoredIndex: ignoredIndex, shape: shape, elementType: elementType)
        }
    }

    /// The rows that indices on the device name, times `scale`: for inference, where the host need not know them.
    ///
    /// - Parameters:
    ///   - indices: int32 `[R]`, each in `0..<V`; the caller has made sure of that.
    ///   - scale: rounded to the element type first.
    /// - Returns: `[R, D]`.
    package func gatheringRows(at indices: Tensor, scale: Float = 1) throws(TensorError) -> Tensor {
        guard !requiresGradient, indices.elementType == .int32 else {
            throw .argument(operation: "gather rows", reason: "indices on the device are for inference alone, in int32")
        }
        let output = try Tensor(uninitialized: [indices.count, columns], elementType, on: backend)
        try backend.gatherRows(
            GatherRowsCall(table: viewed(as: [rows, columns]), indices: indices, scale: scale, output: output))
        return output
    }

    /// `self` with the rows that `indices` name replaced by those of `source`, in order.
    ///
    /// - Throws: `TensorError.shapeMismatch` if `source` has not one row of equal width for each index.
    package func replacingRows(_ indices: [Int32], with source: Tensor) throws(TensorError) -> Tensor {
        guard source.columns == columns, source.rows == indices.count else {
            throw .shapeMismatch(operation: "replace rows", [indices.count, columns], source.shape)
        }
        if let wrong = indices.first(where: { $0 < 0 || $0 >= rows }) {
            throw .index(operation: "replace rows", found: Int(wrong), limit: rows)
        }
        let output = try Tensor(uninitialized: shape, elementType, on: backend)
        try backend.convert(ConvertCall(input: detached, output: output))
        let list = try Tensor(indices, shape: [indices.count], on: backend)
        try backend.scatterRows(
            ScatterRowsCall(source: source.detached, indices: list, scale: 1, accumulate: false, output: output))
        return Tape.record(output, from: [self, source]) {
            ReplaceRowsBackward(indices: indices, sourceShape: source.shape)
        }
    }
}

private struct GatherRowsBackward: BackwardOperation {
    let indices: [Int32]
    let scale: Float
    let ignoredIndex: Int32?
    let shape: [Int]
    let elementType: ElementType

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        let backend = outputGradient.backend
        let kept = indices.indices.filter { indices[$0] != ignoredIndex }
        let source =
            kept.count == indices.count ? outputGradient : try outputGradient.gatheringRows(kept.map { Int32($0) })
        let list = try Tensor(kept.map { indices[$0] }, shape: [kept.count], on: backend)
        try gradients.accumulate(to: 0, shape: shape, elementType: elementType, on: backend) {
            (target, accumulate) throws(TensorError) in
            if !accumulate { try backend.fill(FillCall(output: target, value: 0)) }
            try backend.scatterRows(
                ScatterRowsCall(source: source, indices: list, scale: scale, accumulate: true, output: target))
        }
    }
}

private struct ReplaceRowsBackward: BackwardOperation {
    let indices: [Int32]
    let sourceShape: [Int]

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        let backend = outputGradient.backend
        if gradients.wants(1) {
            try gradients.add(outputGradient.gatheringRows(indices).viewed(as: sourceShape), to: 1)
        }
        guard gradients.wants(0) else { return }
        let zeros = try Tensor.filled(
            0, shape: [indices.count, outputGradient.columns], outputGradient.elementType, on: backend)
        try gradients.add(outputGradient.replacingRows(indices, with: zeros), to: 0)
    }
}
