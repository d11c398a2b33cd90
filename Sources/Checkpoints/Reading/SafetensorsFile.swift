import Tensors

/// A safetensors file, mapped into memory; opening it reads only the header.
package final class SafetensorsFile: Sendable {
    /// The path it was opened with.
    package var path: String { mapping.path }
    /// The tensors that can be read, by name.
    package let entries: [String: TensorEntry]
    /// The type names (`F64`, `I8`, …) of tensors that cannot be read, by the tensor's name.
    package let foreignTypes: [String: String]
    /// Every tensor's name, in the order of the data.
    package let names: [String]
    /// The file's own notes, such as `format`.
    package let metadata: [String: String]
    /// The bytes of the file.
    package let mapping: MappedFile

    /// Maps a file and checks its header.
    package init(path: String) throws(CheckpointError) {
        mapping = try MappedFile(path: path)
        let header = try mapping.withBytes { bytes throws(CheckpointError) in
            try SafetensorsHeader(of: bytes, file: path)
        }
        entries = header.entries
        foreignTypes = header.foreignTypes
        names = header.names
        metadata = header.metadata
    }

    /// Where a tensor lies, or an error if it is absent or of a type that cannot be read.
    package func entry(_ name: String) throws(CheckpointError) -> TensorEntry {
        if let entry = entries[name] { return entry }
        guard let type = foreignTypes[name] else { throw .missingTensor(file: path, tensor: name) }
        let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
        throw .unsupportedType(file: path, tensor: name, found: type, expected: "one of \(known)")
    }

    /// Lends the bytes of a tensor, little-endian and perhaps unaligned, for the time of a call.
    package func withBytes<R>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        try withBytes(of: try entry(name), body)
    }

    /// Lends the bytes of a tensor of this file.
    package func withBytes<R>(
        of entry: TensorEntry, _ body: (UnsafeRawBufferPointer) throws -> R
    ) rethrows -> R {
        precondition(entry.file == path, "the entry belongs to \(entry.file)")
        return try mapping.withBytes { bytes in
            try body(UnsafeRawBufferPointer(rebasing: bytes[entry.byteRange]))
        }
    }

    /// The elements of a tensor of real numbers as float32; exact for each type.
    /// - Throws: `CheckpointError.unsupportedType` for whole numbers.
    package func floats(_ name: String) throws(CheckpointError) -> [Float] {
        let entry = try entry(name)
        let convert: (UnsafeRawPointer, UnsafeMutablePointer<Float>, Int) -> Void
        switch entry.elementType {
        case .float32: convert = ElementConversion.copyFloat32
        case .bfloat16: convert = ElementConversion.widenBFloat16
        case .float16: convert = ElementConversion.widenFloat16
        case .int32, .int64, .uint8, .bool:
            throw .unsupportedType(
                file: path, tensor: name, found: entry.elementType.rawValue, expected: "F32, BF16 or F16")
        }
        return withBytes(of: entry) { bytes in
            [Float](unsafeUninitializedCapacity: entry.elementCount) { target, count in
                if let from = bytes.baseAddress, let to = target.baseAddress { convert(from, to, entry.elementCount) }
                count = entry.elementCount
            }
        }
    }

    /// The elements of a tensor of whole numbers; true is 1.
    /// - Throws: `CheckpointError.unsupportedType` for real numbers.
    package func integers(_ name: String) throws(CheckpointError) -> [Int] {
        let entry = try entry(name)
        let indices = 0..<entry.elementCount
        switch entry.elementType {
        case .int64:
            return withBytes(of: entry) { b in
                indices.map { Int(b.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
            }
        case .int32:
            return withBytes(of: entry) { b in
                indices.map { Int(b.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self)) }
            }
        case .uint8: return withBytes(of: entry) { bytes in bytes.map { Int($0) } }
        case .bool: return withBytes(of: entry) { bytes in bytes.map { $0 == 0 ? 0 : 1 } }
        case .float32, .bfloat16, .float16:
            throw .unsupportedType(
                file: path, tensor: name, found: entry.elementType.rawValue, expected: "I64, I32, U8 or BOOL")
        }
    }
}

/// Loops that turn stored elements into float32, from addresses that need no alignment.
enum ElementConversion {
    /// Copies little-endian float32.
    static func copyFloat32(_ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Float>, _ count: Int) {
        UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: count * 4)
    }

    /// Puts the 16 bits of a bfloat16 above 16 zero bits.
    static func widenBFloat16(_ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Float>, _ count: Int) {
        for i in 0..<count {
            to[i] = Float(bitPattern: UInt32(from.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self)) << 16)
        }
    }

    /// Widens IEEE half precision.
    static func widenFloat16(_ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Float>, _ count: Int) {
        for i in 0..<count {
            to[i] = Float(Float16(bitPattern: from.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self)))
        }
    }
}
