/// Which instructions the kernels use.
package enum InstructionSet: String, Sendable, CaseIterable {
    /// The most that the machine has.
    case auto
    case portable, avx2, avx512
    case avx512BFloat16 = "avx512_bf16"
}

/// Which library multiplies matrices.
package enum MatmulLibrary: String, Sendable, CaseIterable {
    /// The fastest that gives the same bits for a row alone as in a batch: our own kernels.
    case auto
    case builtin
}

/// How a `CPUBackend` computes. What is not said is chosen for the machine.
package struct CPUOptions: Sendable, Equatable {
    /// The number of threads; nil for the cores that this process may use.
    package var threads: Int?
    /// Which instructions the kernels use.
    package var instructionSet = InstructionSet.auto
    /// Which library multiplies matrices.
    package var matmulLibrary = MatmulLibrary.auto
    /// The most bytes of weights that are kept packed; beyond it weights are packed at each use.
    package var packingBudget = 16 << 30
    /// The most bytes of freed memory that are kept for reuse.
    package var reuseBudget = 1 << 30
    /// Whether the mapped file pages of a weight are given back to the system once it is packed.
    package var dropsMappedPages = false

    /// The defaults.
    package init() {}
}
