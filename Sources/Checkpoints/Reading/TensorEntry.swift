import Tensors

/// Where a tensor lies in a file, and how to read it.
package struct TensorEntry: Sendable, Equatable {
    /// The tensor's name, as in the file.
    package let name: String
    /// The type of its elements.
    package let elementType: ElementType
    /// Its extents, slowest first; empty for a single number.
    package let shape: [Int]
    /// Its bytes, counted from the start of the file; not aligned to anything.
    package let byteRange: Range<Int>
    /// The path of the file.
    package let file: String

    /// The number of elements.
    package var elementCount: Int { byteRange.count / elementType.byteCount }
}
