extension Tensor {
    /// The same values in memory of their own; not recorded.
    package func copied() throws(TensorError) -> Tensor {
        let output = try Tensor(uninitialized: shape, elementType, on: backend)
        if elementType.isFloatingPoint {
            try backend.convert(ConvertCall(input: detached, output: output))
        } else {
            let whole = [1, count, 1]
            try backend.writeColumns(
                WriteColumnsCall(source: detached.viewed(as: whole), column: 0, output: output.viewed(as: whole)))
        }
        return output
    }

    /// The rows of several tensors of equal width, one after another; not recorded.
    ///
    /// - Throws: `TensorError.shapeMismatch` if widths or types differ, or there are none.
    package static func stacking(_ tensors: [Tensor]) throws(TensorError) -> Tensor {
        guard let first = tensors.first else { throw .shapeMismatch(operation: "stack", [], []) }
        let rows = tensors.reduce(0) { $0 + $1.rows }
        let output = try Tensor(uninitialized: [rows, first.columns], first.elementType, on: first.backend)
        var row = 0
        for tensor in tensors {
            guard tensor.columns == first.columns, tensor.elementType == first.elementType else {
                throw .shapeMismatch(operation: "stack", first.shape, tensor.shape)
            }
            let target = output.part(row..<row + tensor.rows)
            try first.backend.convert(ConvertCall(input: tensor.detached, output: target))
            row += tensor.rows
        }
        return output
    }
}
