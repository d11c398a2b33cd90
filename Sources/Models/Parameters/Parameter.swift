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
    /// The type that gradients are summed in: float32, or that of `value` where training keeps nothing finer.
    package var gradientType = ElementType.float32 {
        didSet { if gradient?.elementType != gradientType { clearGradient(releasing: true) } }
    }
    /// The gradient summed so far; nil before the first backward.
    package private(set) var gradient: Tensor?
    private var hasGradient = false
    /// Whether `value` stands in memory that is not ours to write.
    private var isMapped: Bool
    /// Whether a kept state may name the memory of `value` and `master`.
    private var isKept = false

    /// A weight with values; `isMapped` if they stand in a file, unless the device has a copy of its own.
    package init(name: String, value: Tensor, isMapped: Bool = false) {
        self.isMapped = isMapped && value.storage.isAdopted
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
        let target = try Tensor(uninitialized: shape, gradientType, on: value.backend, label: "weight gradient")
        gradient = target
        return (target, false)
    }

    /// Gives the values memory of their own, where they still stand in a mapped file or belong to a kept state too; call
    /// before writing to them.
    package func makeWritable() throws(TensorError) {
        guard isMapped || isKept else { return }
        value = try value.copied()
        if isKept { master = try master?.copied() }
        (isMapped, isKept) = (false, false)
    }

    /// The bytes that `makeWritable` would copy because a kept state names them.
    var keptByteCount: Int { isKept ? value.byteCount + (master?.byteCount ?? 0) : 0 }

    /// The values before others took their place for a time.
    private var original: Original?

    /// Whether other values stand in place of the checkpoint's.
    var isReplaced: Bool { original != nil }

    /// Takes other values until `restoreValues` or `keepValues`.
    ///
    /// - Parameter exact: float32, in memory of its own, of this weight's shape.
    func replaceValues(with exact: Tensor) throws(TensorError) {
        let rounded = try exact.converted(to: value.elementType)
        if original == nil { original = Original(value: value, isMapped: isMapped, isKept: isKept) }
        master = value.elementType == .float32 ? nil : exact
        (value, isMapped, isKept) = (rounded, false, false)
    }

    /// Takes the values from before `replaceValues` back.
    func restoreValues() {
        guard let original else { return }
        (value, isMapped, isKept) = (original.value, original.isMapped, original.isKept)
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

    /// Values that others took the place of.
    struct Original {
        let value: Tensor
        let isMapped: Bool
        var isKept: Bool
    }

    /// What the weight is now; nothing is copied until somebody writes to it.
    struct Kept {
        let parameter: Parameter
        let value: Tensor
        let master: Tensor?
        let isTrainable: Bool
        let isMapped: Bool
        let original: Original?
    }

    /// Keeps what the weight is now.
    func keep() -> Kept {
        isKept = true
        original?.isKept = true
        return Kept(
            parameter: self, value: value, master: master, isTrainable: isTrainable, isMapped: isMapped,
            original: original)
    }

    /// Makes the weight what it was.
    func restore(_ kept: Kept) {
        (value, master, isTrainable, isMapped) = (kept.value, kept.master, kept.isTrainable, kept.isMapped)
        original = kept.original
        isKept = true
        clearGradient(releasing: !isTrainable)
    }

    /// Lets writers use the memory as it is: the kept states that named it are gone.
    func forgetKept() { isKept = false }
}
