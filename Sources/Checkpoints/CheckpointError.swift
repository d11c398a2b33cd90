import JSON
import Tensors

/// Why a checkpoint cannot be read or written.
package enum CheckpointError: Error, Equatable {
    // Files.
    case unreadable(file: String, reason: String)
    case unwritable(file: String, reason: String)
    case empty(file: String)
    case noCheckpoint(folder: String)

    // The header of a safetensors file.
    case headerLength(file: String, found: UInt64, fileByteCount: Int)
    case invalidJSON(JSONError)
    case malformedHeader(file: String, found: String)
    case malformedEntry(file: String, tensor: String, found: String)
    case outOfRange(file: String, tensor: String, end: Int, dataByteCount: Int)
    case overlap(file: String, tensor: String, other: String)
    case hole(file: String, after: String?, byteCount: Int)
    case sizeMismatch(file: String, tensor: String, type: String, shape: [Int], expected: Int?, found: Int)

    // A checkpoint of several files.
    case missingShard(index: String, shard: String)
    case unsafeShardName(index: String, shard: String)
    case missingFromShard(shard: String, tensor: String)
    case inTwoShards(tensor: String, first: String, second: String)

    // One tensor.
    case missingTensor(file: String, tensor: String)
    case unsupportedType(file: String, tensor: String, found: String, expected: String)
    case invalidName(file: String, tensor: String)
    case duplicateName(file: String, tensor: String)
    case sourceFailed(file: String, tensor: String, reason: String)
}

extension CheckpointError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)"
        case .unwritable(let file, let reason): "\(file) cannot be written: \(reason)"
        case .empty(let file): "\(file) is empty; download or save it again"
        case .noCheckpoint(let folder):
            "\(folder) holds neither model.safetensors nor model.safetensors.index.json; name the folder of a checkpoint"
        case .headerLength(let file, let found, let fileByteCount):
            "\(file) is not a safetensors file: it claims a header of \(found) bytes and has \(fileByteCount) bytes in all"
        case .invalidJSON(let error): "\(error)"
        case .malformedHeader(let file, let found):
            "\(file) is not a safetensors file: its header holds \(found)"
        case .malformedEntry(let file, let tensor, let found):
            "\(file): the header's entry for tensor \"\(tensor)\" has \(found)"
        case .outOfRange(let file, let tensor, let end, let dataByteCount):
            "\(file): tensor \"\(tensor)\" ends at byte \(end) of the data, which has \(dataByteCount) bytes; "
                + "the file is cut short, download or save it again"
        case .overlap(let file, let tensor, let other):
            "\(file): tensors \"\(other)\" and \"\(tensor)\" overlap; the file is damaged"
        case .hole(let file, let after, let byteCount):
            "\(file): \(byteCount) bytes \(after.map { "after tensor \"\($0)\"" } ?? "at the start of the data") "
                + "belong to no tensor; the file is damaged"
        case .sizeMismatch(let file, let tensor, let type, let shape, let expected, let found):
            "\(file): tensor \"\(tensor)\" of type \(type) and shape \(shape) has \(found) bytes, it needs "
                + (expected.map { "\($0)" } ?? "more than a file can hold")
        case .missingTensor(let file, let tensor): "\(file) has no tensor \"\(tensor)\""
        case .unsupportedType(let file, let tensor, let found, let expected):
            "\(file): tensor \"\(tensor)\" has type \(found), expected \(expected); convert the checkpoint"
        case .invalidName(let file, let tensor):
            "\(file): \"\(tensor)\" cannot name a tensor in a safetensors file"
        case .duplicateName(let file, let tensor): "\(file): two tensors are named \"\(tensor)\""
        case .sourceFailed(let file, let tensor, let reason):
            "\(file): the bytes of tensor \"\(tensor)\" could not be had: \(reason)"
        case .missingShard(let index, let shard):
            "\(index) names the shard \(shard), which is not beside it; download the missing file"
        case .unsafeShardName(let index, let shard):
            "\(index) names the shard \"\(shard)\", which is not a plain file name"
        case .missingFromShard(let shard, let tensor):
            "\(shard) has no tensor \"\(tensor)\", which the index puts there; index and shards do not belong together"
        case .inTwoShards(let tensor, let first, let second):
            "tensor \"\(tensor)\" is in \(first) and in \(second), and the index names neither"
        }
    }
}
