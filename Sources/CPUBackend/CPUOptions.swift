/// Which instructions the kernels use.
package enum InstructionSet: String, Sendable, CaseIterable {
    /// The most that the machine has.
    case auto
    case portable, avx2, avx512
    case avx512BFloat16 = "avx512_bf16"
}

/// What multiplies matrices.
package enum MatmulLibrary: String, Sendable, CaseIterable {
    /// Our own kernels: as fast as the libraries, and a row's bits are the same alone as in a batch, by construction.
    case auto
    /// oneDNN 2, opened when a backend asks for it.
    case onednn
    /// OpenBLAS, opened when a backend asks for it; bfloat16 is widened to float32.
    case openblas
}

/// How a `CPUBackend` computes. What is not said is chosen for the machine.
package struct CPUOptions: Sendable, Equatable {
    /// The number of threads; nil for the cores that this process may use.
    package var threads: Int?
    /// Which instructions the kernels use.
    package var instructionSet = InstructionSet.auto
    /// What multiplies matrices.
    package var matmulLibrary = MatmulLibrary.auto
    /// The most bytes of weights that are kept packed; beyond it weights are packed at each use.
    package var packingBudget = 16 << 30
    /// The most bytes of freed memory that are kept for reuse.
    package var reuseBudget = 1 << 30
    /// The most bytes that tensors and packed weights may take; nil for as many as the system gives.
    package var memoryLimit: Int?
    /// Whether the mapped file pages of a weight are given back to the system once it is packed.
    package var dropsMappedPages = false

    /// The defaults.
    package init() {}
}
