import Tensors

/// One trip through the model: what it records, what it drops, where keys and values are kept, who watches.
package struct Pass {
    /// Where operations are recorded, or nil in inference.
    package var tape: Tape?
    /// The seed and step of dropout, or nil where nothing is dropped.
    package var dropout: (seed: UInt64, step: UInt64)?
    /// The keys and values of earlier tokens.
    package var cache: KeyValueCache?
    /// Whether layers are computed again on the way back, in place of keeping what they need for it.
    package var recomputes = false
    /// Is told intermediate results under the reference's names.
    package var observe: ((_ name: String, _ value: Tensor) -> Void)?

    /// A trip that records nothing, drops nothing and keeps nothing.
    package init(tape: Tape? = nil) {
        self.tape = tape
    }

    /// The values of a weight on this trip; on the tape if it is trained.
    func callAsFunction(_ parameter: Parameter) -> Tensor {
        guard let tape, parameter.isTrainable else { return parameter.value }
        return tape.leaf(parameter.value, sink: parameter)
    }

    /// Runs one layer: recorded as it is, or as one operation that the way back computes again.
    func layer(
        _ x: Tensor, _ body: @escaping (Tensor, Pass) throws(TensorError) -> Tensor
    ) throws(TensorError) -> Tensor {
        guard recomputes, let tape else { return try body(x, self) }
        return try tape.recomputing(x) { (x, tape) throws(TensorError) in
            var inner = self
            inner.tape = tape
            return try body(x, inner)
        }
    }
}
