/// What a device takes beside the tensors that are asked for, so that the memory of a run can be foretold without it.
package struct MemoryRules {
    /// Whether bytes of a mapped file are copied to the device; a processor shares them.
    package var copiesAdopted = true
    /// Whether a product with a matrix in 4 bits makes it dense for the time of the product.
    package var densifiesQuantized = true
    /// The bytes of the packed form of a reused weight, `[inner, columns]` for the product; 0 where none is made.
    package var packedByteCount: (_ inner: Int, _ columns: Int, _ elementType: ElementType) -> Int = { _, _, _ in 0 }
    /// The most bytes of weights that are kept packed.
    package var packingBudget = 0
    /// Bytes that the device takes for itself when it is opened.
    package var ownByteCount = 0
    /// What allocated bytes are rounded up to.
    package var granularity = 1
    /// The bytes of the block that is taken from the system for some bytes.
    package var blockSize: (_ byteCount: Int) -> Int = { $0 }
    /// Freed blocks from this size on are kept for reuse.
    package var smallestKept = 0
    /// The most bytes of freed blocks that are kept.
    package var reuseBudget = 0

    /// Rules of a device that copies files, packs nothing, and has no kernels for 4 bits.
    package init() {}
}

extension Backend {
    /// For devices with memory of their own and no packed weights.
    package var memoryRules: MemoryRules { MemoryRules() }

    /// Devices hold what is written to them.
    package var holdsValues: Bool { true }

    /// GPUs have float16 unless they say otherwise, processors have not.
    package func requireComputing(in type: ElementType) throws(TensorError) {
        guard type != .float16 || device.kind == .cuda else {
            throw .argument(
                operation: "\(type.name) on \(device.name)",
                reason: "layers compute in it on a GPU only; use --dtype bfloat16 or float32 here")
        }
    }

    /// For devices that do not say.
    package var capacity: Int? { nil }

    /// For devices that keep nothing.
    package func releaseUnused() {}
}
