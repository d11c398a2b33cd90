import Tensors

/// One named weight of a model: its values, whether it is trained, and its gradient while it is.
package final class Parameter: GradientSink {
    /// The name in a checkpoint.
    package let name: String
    /// The shape in a checkpoint.
    package let shape: [Int]
    /// The values that layers compute with.
    package var value: Tensor
    /// The same values in float32, where `value` is coarser and training keeps more.
    package var master: Tensor?
    /// Whether training changes it.
    package var isTrainable = true
    /// The gradient summed so far, float32; nil before the first backward.
    package private(set) var gradient: Tensor?
    private var hasGradient = false
    /// Whether `value` may stand in memory that is not ours to write.
    private var isMapped: Bool

    /// A weight with values; `isMapped` if they stand in a file.
    package init(name: String, value: Tensor, isMapped: Bool = false) {
        self.isMapped = isMapped
        self.name = name
        self.shape = value.shape
        self.value = value.detached
    }

    /// The number of elements.
    package var count: Int { shape.product }

    /// The gradient, if a backward reached this weight since `clearGradient`.
    package var currentGradient: Tensor? { hasGradient ? gradient : nil }

    package func gradientTarget() throws(TensorError) -> (tensor: Tensor, accumulate: Bool) {
        defer { hasGradient = true }
        if let gradient { return (gradient, hasGradient) }
        let target = try Tensor(uninitialized: shape, .float32, on: value.backend, label: "weight gradient")
        gradient = target
        return (target, false)
    }

    /// Gives the values memory of their own, where they still stand in a mapped file; call before writing to them.
    package func makeWritable() throws(TensorError) {
        guard isMapped else { return }
        value = try value.copied()
        isMapped = false
    }

    /// The values before others took their place for a time.
    private var original: (value: Tensor, isMapped: Bool)?

    /// Whether other values stand in place of the checkpoint's.
    var isReplaced: Bool { original != nil }

    /// Takes other values until `restoreValues` or `keepValues`.
    ///
    /// - Parameter exact: float32, in memory of its own, of this weight's shape.
    func replaceValues(with exact: Tensor) throws(TensorError) {
        let rounded = try exact.converted(to: value.elementType)
        if original == nil { original = (value, isMapped) }
        master = value.elementType == .float32 ? nil : exact
        (value, isMapped) = (rounded, false)
    }

    /// Takes the values from before `replaceValues` back.
    func restoreValues() {
        guard let original else { return }
        (value, isMapped) = original
        self.original = nil
        master = nil
    }

    /// Forgets the values from before `replaceValues`.
    func keepValues() { original = nil }

    /// Forgets the sum, and the memory too if asked.
    package func clearGradient(releasing: Bool = false) {
        hasGradient = false
        if releasing { gradient = nil }
    }
}
