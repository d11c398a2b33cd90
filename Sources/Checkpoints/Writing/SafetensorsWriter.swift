import JSON
import Tensors

/// Writes safetensors files as the format's own library writes them: same order, same header, same padding.
package enum SafetensorsWriter {
    /// The notes that transformers asks for before it opens a file.
    package static let defaultMetadata = ["format": "pt"]

    /// Writes tensors to one file, which appears whole or not at all.
    package static func write(
        _ tensors: [TensorSource], metadata: [String: String] = defaultMetadata, to path: String
    ) throws(CheckpointError) {
        let ordered = tensors.sorted(by: precedes)
        let header = try headerBytes(ordered, metadata: metadata, file: path)
        let file = try AtomicFile(path: path)
        try file.write(header)
        for tensor in ordered { try write(tensor, to: file) }
        try file.commit()
    }

    /// Types with larger elements come first, then names by their bytes.
    private static func precedes(_ left: TensorSource, _ right: TensorSource) -> Bool {
        let (leftRank, rightRank) = (left.elementType.alignmentRank, right.elementType.alignmentRank)
        if leftRank != rightRank { return leftRank < rightRank }
        return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }

    private static func headerBytes(
        _ tensors: [TensorSource], metadata: [String: String], file: String
    ) throws(CheckpointError) -> [UInt8] {
        var header = JSONObject()
        if !metadata.isEmpty {
            var notes = JSONObject()
            for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { notes[key] = .string(value) }
            header[SafetensorsHeader.metadataKey] = .object(notes)
        }
        var offset = 0
        for tensor in tensors {
            guard tensor.name != SafetensorsHeader.metadataKey else {
                throw .invalidName(file: file, tensor: tensor.name)
            }
            let end = offset + (try byteCount(tensor, file: file))
            let entry: JSON = [
                "dtype": .string(tensor.elementType.rawValue),
                "shape": .array(tensor.shape.map { .integer(Int64($0)) }),
                "data_offsets": [.integer(Int64(offset)), .integer(Int64(end))],
            ]
            guard header.insert(entry, forKey: tensor.name) else {
                throw .duplicateName(file: file, tensor: tensor.name)
            }
            offset = end
        }
        var text = Array(JSON.object(header).text(.compact).utf8)
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
        return Swift.withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
    }

    /// The bytes that a tensor will take in a file.
    static func byteCount(_ tensor: TensorSource, file: String) throws(CheckpointError) -> Int {
        guard let count = SafetensorsHeader.byteCount(tensor.elementType, tensor.shape) else {
            throw .sizeMismatch(
                file: file, tensor: tensor.name, type: tensor.elementType.rawValue, shape: tensor.shape, expected: nil,
                found: 0)
        }
        return count
    }

    private static func write(_ tensor: TensorSource, to file: AtomicFile) throws(CheckpointError) {
        let expected = try byteCount(tensor, file: file.path)
        var found = 0
        do {
            try tensor.produce { bytes in
                found += bytes.count
                try file.write(bytes)
            }
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw .sourceFailed(file: file.path, tensor: tensor.name, reason: "\(error)")
        }
        guard found == expected else {
            throw .sizeMismatch(
                file: file.path, tensor: tensor.name, type: tensor.elementType.rawValue, shape: tensor.shape,
                expected: expected, found: found)
        }
    }
}

extension ElementType {
    /// The place of the type in a file: the format's library puts its list of types down in this order.
    fileprivate var alignmentRank: Int {
        switch self {
        case .int64: 0
        case .float32: 1
        case .int32: 2
        case .bfloat16: 3
        case .float16: 4
        case .uint8: 5
        case .bool: 6
        }
    }
}
