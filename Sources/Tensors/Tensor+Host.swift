/// A Swift type that has the same bytes as one kind of tensor element.
package protocol HostElement: BitwiseCopyable {
    /// The element type with these bytes.
    static var elementType: ElementType { get }
}

extension Float: HostElement {
    package static var elementType: ElementType { .float32 }
}

extension Int32: HostElement {
    package static var elementType: ElementType { .int32 }
}

extension UInt8: HostElement {
    package static var elementType: ElementType { .uint8 }
}

extension Tensor {
    /// Copies values from the host to the device.
    ///
    /// - Throws: `TensorError.shapeMismatch` if `values` has not exactly the elements of `shape`.
    package init<Element: HostElement>(
        _ values: [Element], shape: [Int], on backend: any Backend
    ) throws(TensorError) {
        guard values.count == shape.product else {
            throw .shapeMismatch(operation: "tensor from host", [values.count], shape)
        }
        try self.init(uninitialized: shape, Element.elementType, on: backend)
        try values.withUnsafeBufferPointer { buffer throws(TensorError) in
            try backend.write(UnsafeRawBufferPointer(buffer), to: storage, byteOffset: 0)
        }
    }

    /// Copies values from the host over the first elements; other tensors that share the memory see them.
    ///
    /// - Throws: `TensorError.elementType` if the elements are not of type `Element`.
    package func write<Element: HostElement>(_ values: [Element]) throws(TensorError) {
        guard Element.elementType == elementType else {
            throw .elementType(operation: "write", found: elementType, expected: Element.elementType.name)
        }
        precondition(values.count <= count, "a write stays inside its tensor")
        try values.withUnsafeBufferPointer { buffer throws(TensorError) in
            try backend.write(UnsafeRawBufferPointer(buffer), to: storage, byteOffset: byteOffset)
        }
    }

    /// Copies the elements to the host; waits for the device.
    ///
    /// - Throws: `TensorError.elementType` if the elements are not of type `Element`.
    package func read<Element: HostElement>(as type: Element.Type = Element.self) throws(TensorError) -> [Element] {
        guard Element.elementType == elementType else {
            throw .elementType(operation: "read", found: elementType, expected: Element.elementType.name)
        }
        let bytes = try readBytes()
        return bytes.withUnsafeBytes { Array($0.bindMemory(to: Element.self)) }
    }

    /// Copies the elements to the host as float32, whatever real type they have.
    package func floats() throws(TensorError) -> [Float] {
        elementType == .float32 ? try read() : try converted(to: .float32).read()
    }

    /// Copies the raw bytes to the host; waits for the device.
    package func readBytes() throws(TensorError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        try bytes.withUnsafeMutableBufferPointer { target throws(TensorError) in
            try backend.read(storage, byteOffset: byteOffset, into: UnsafeMutableRawBufferPointer(target))
        }
        return bytes
    }

    /// The only element of a float32 tensor.
    package func scalar() throws(TensorError) -> Float {
        guard let value = try floats().first, count == 1 else {
            throw .shapeMismatch(operation: "scalar", shape, [])
        }
        return value
    }
}
