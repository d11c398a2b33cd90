/// A dense array on a device, row major, without gaps; what layers compute with.
///
/// A value: it names memory that kernels write once, when they make it. Views share that memory.
package struct Tensor {
    /// The memory that holds the elements.
    package let storage: any Storage
    /// Where the first element lies in `storage`, in bytes.
    package let byteOffset: Int
    /// The extent of each axis; a scalar has none.
    package let shape: [Int]
    /// The type of the elements.
    package let elementType: ElementType
    /// The device that owns `storage` and computes on it.
    package let backend: any Backend
    /// Where the gradient of this value is gathered, or nil if nothing asks for it.
    package var node: TapeNode?

    /// Names memory that is already filled, or that the caller is about to fill.
    package init(
        storage: any Storage, byteOffset: Int = 0, shape: [Int], elementType: ElementType, backend: any Backend,
        node: TapeNode? = nil
    ) {
        precondition(
            byteOffset >= 0 && byteOffset + shape.product * elementType.byteCount <= storage.byteCount,
            "a tensor reaches outside its storage")
        self.storage = storage
        self.byteOffset = byteOffset
        self.shape = shape
        self.elementType = elementType
        self.backend = backend
        self.node = node
    }

    /// Allocates a tensor with undefined contents.
    package init(
        uninitialized shape: [Int], _ elementType: ElementType, on backend: any Backend, label: StaticString = "tensor"
    ) throws(TensorError) {
        let byteCount = shape.product * elementType.byteCount
        self.init(
            storage: try backend.allocate(byteCount: byteCount, label: label), shape: shape, elementType: elementType,
            backend: backend)
    }

    /// The number of elements.
    package var count: Int { shape.product }

    /// The number of bytes that the elements take.
    package var byteCount: Int { count * elementType.byteCount }

    /// The extent of the last axis; 1 for a scalar.
    package var columns: Int { shape.last ?? 1 }

    /// How many rows of `columns` elements there are.
    package var rows: Int { columns == 0 ? 0 : count / columns }

    /// Whether a gradient is asked for.
    package var requiresGradient: Bool { node != nil }

    /// The same values without a place on the tape.
    package var detached: Tensor {
        var copy = self
        copy.node = nil
        return copy
    }
}

extension [Int] {
    /// The product of all elements; 1 for none.
    package var product: Int { reduce(1, *) }
}
