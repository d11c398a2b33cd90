import Files
import Glibc
import JSON

extension SafetensorsWriter {
    /// The size of a shard that transformers chooses.
    package static let defaultShardByteCount = 5_000_000_000

    /// Writes a checkpoint into a folder, in files of at most `maximumShardBytes` bytes of tensors each.
    ///
    /// One file is called `model.safetensors`; several are `model-00001-of-00002.safetensors` and so on, with an index.
    /// Tensors fill the shards in the order given; one that is larger than a shard gets a file of its own. Files of an
    /// earlier checkpoint that the new one does not replace are removed at the end.
    /// - Returns: the names of the files written.
    @discardableResult
    package static func writeSharded(
        _ tensors: [TensorSource], metadata: [String: String] = defaultMetadata, to folder: String,
        maximumShardBytes: Int = defaultShardByteCount
    ) throws(CheckpointError) -> [String] {
        let (shards, totalByteCount) = try split(tensors, folder: folder, maximumShardBytes: maximumShardBytes)
        var written: [String] = []
        var weightMap = JSONObject()
        for (index, shard) in shards.enumerated() {
            let name = shards.count == 1 ? Checkpoint.singleName : shardName(index + 1, of: shards.count)
            try write(shard, metadata: metadata, to: "\(folder)/\(name)")
            written.append(name)
            for tensor in shard {
                guard weightMap.insert(.string(name), forKey: tensor.name) else {
                    throw .duplicateName(file: folder, tensor: tensor.name)
                }
            }
        }
        if shards.count > 1 {
            let index: JSON = [
                "metadata": ["total_size": .integer(Int64(totalByteCount))], "weight_map": .object(weightMap),
            ]
            try AtomicFile.write(index.text(.prettySorted) + "\n", to: "\(folder)/\(Checkpoint.indexName)")
            written.append(Checkpoint.indexName)
        }
        try removeEarlierFiles(in: folder, keeping: Set(written))
        return written
    }

    /// Cuts the list where a shard would grow too large.
    private static func split(
        _ tensors: [TensorSource], folder: String, maximumShardBytes: Int
    ) throws(CheckpointError) -> (shards: [[TensorSource]], totalByteCount: Int) {
        var shards: [[TensorSource]] = []
        var current: [TensorSource] = []
        var currentByteCount = 0
        var totalByteCount = 0
        for tensor in tensors {
            let byteCount = try byteCount(tensor, file: folder)
            totalByteCount += byteCount
            if byteCount > maximumShardBytes {
                shards.append([tensor])
                continue
            }
            if currentByteCount + byteCount > maximumShardBytes {
                shards.append(current)
                current = []
                currentByteCount = 0
            }
            current.append(tensor)
            currentByteCount += byteCount
        }
        if !current.isEmpty || shards.isEmpty { shards.append(current) }
        return (shards, totalByteCount)
    }

    private static func shardName(_ number: Int, of count: Int) -> String {
        func digits(_ number: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, 5 - text.count)) + text
        }
        return "model-\(digits(number))-of-\(digits(count)).safetensors"
    }

    private static func removeEarlierFiles(in folder: String, keeping written: Set<String>) throws(CheckpointError) {
        guard let listing = opendir(folder) else { throw .unreadable(file: folder, reason: SystemReason.last) }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard isCheckpointFile(name), !written.contains(name) else { continue }
            guard unlink("\(folder)/\(name)") == 0 else {
                throw .unwritable(file: "\(folder)/\(name)", reason: SystemReason.last)
            }
        }
    }

    private static func isCheckpointFile(_ name: String) -> Bool {
        name == Checkpoint.singleName || name == Checkpoint.indexName
            || name.wholeMatch(of: /model-[0-9]{5}-of-[0-9]{5}\.safetensors/) != nil
    }
}
