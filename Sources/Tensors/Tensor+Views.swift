/// Views: other shapes and parts of the same memory.
///
/// They are for values without a gradient, or inside operations: `Operations/Reshape.swift` has the recorded form.
extension Tensor {
    /// The same elements under another shape of equal count.
    package func viewed(as newShape: [Int]) -> Tensor {
        precondition(newShape.product == count, "a view has as many elements as its source")
        return Tensor(
            storage: storage, byteOffset: byteOffset, shape: newShape, elementType: elementType, backend: backend)
    }

    /// Rows `range` of the first axis.
    package func part(_ range: Range<Int>) -> Tensor {
        precondition(!shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0], "a part lies inside")
        let rowByteCount = shape.dropFirst().reduce(1, *) * elementType.byteCount
        return Tensor(
            storage: storage, byteOffset: byteOffset + range.lowerBound * rowByteCount,
            shape: [range.count] + shape.dropFirst(), elementType: elementType, backend: backend)
    }
}
