import Tensors

/// A tensor to be written: what it is, and where its bytes come from when their turn comes.
package struct TensorSource {
    /// Takes the next bytes of a tensor.
    package typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    /// The tensor's name.
    package let name: String
    /// The type of its elements.
    package let elementType: ElementType
    /// Its extents, slowest first.
    package let shape: [Int]
    /// Hands the tensor's bytes, little-endian and in row-major order, to the sink, in pieces of any size.
    package let produce: (Sink) throws -> Void

    /// A tensor whose bytes are made chunk by chunk.
    package init(
        name: String, elementType: ElementType, shape: [Int], produce: @escaping (Sink) throws -> Void
    ) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.produce = produce
    }

    /// A float32 tensor from an array.
    package init(name: String, shape: [Int], floats: [Float]) {
        self.init(name: name, elementType: .float32, shape: shape) { sink in
            try floats.withUnsafeBytes { try sink($0) }
        }
    }

    /// An int64 tensor from an array.
    package init(name: String, shape: [Int], integers: [Int]) {
        self.init(name: name, elementType: .int64, shape: shape) { sink in
            try integers.withUnsafeBytes { try sink($0) }
        }
    }

    /// A tensor of any type from its bytes.
    package init(name: String, elementType: ElementType, shape: [Int], bytes: [UInt8]) {
        self.init(name: name, elementType: elementType, shape: shape) { sink in
            try bytes.withUnsafeBytes { try sink($0) }
        }
    }
}
