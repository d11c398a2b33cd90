extension Tensor {
    /// The same values as another real type, rounded to nearest even; itself if the type is the same.
    package func converted(to type: ElementType) throws(TensorError) -> Tensor {
        guard type != elementType else { return self }
        guard type.isFloatingPoint && elementType.isFloatingPoint else {
            throw .elementType(operation: "convert", found: elementType, expected: "a real type")
        }
        let output = try Tensor(uninitialized: shape, type, on: backend)
        try backend.convert(ConvertCall(input: detached, output: output))
        return Tape.record(output, from: [self]) { ConversionBackward(elementType: elementType) }
    }
}

private struct ConversionBackward: BackwardOperation {
    let elementType: ElementType

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        try gradients.add(outputGradient.converted(to: elementType), to: 0)
    }
}
