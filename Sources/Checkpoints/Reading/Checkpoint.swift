import Glibc
import JSON

/// The tensors of a model in one safetensors file or in several.
package struct Checkpoint: Sendable {
    /// The folder or file it was opened with.
    package let path: String
    /// The files, in the order of their names.
    package let files: [SafetensorsFile]
    /// Every tensor's name: file after file, in the order of the data.
    package let names: [String]
    private let fileOfName: [String: Int]

    /// The name of a checkpoint of one file.
    package static let singleName = "model.safetensors"
    /// The name of the table of a checkpoint of several files.
    package static let indexName = "model.safetensors.index.json"

    /// Opens a folder that holds `model.safetensors`, or its index and shards; or one safetensors file by its path.
    ///
    /// A folder that holds both is read as transformers reads it: the single file counts.
    package init(folder: String) throws(CheckpointError) {
        if folder.hasSuffix(".safetensors") {
            try self.init(path: folder, files: [SafetensorsFile(path: folder)], shardOfName: [:])
        } else if Self.exists("\(folder)/\(Self.singleName)") {
            try self.init(
                path: folder, files: [SafetensorsFile(path: "\(folder)/\(Self.singleName)")], shardOfName: [:])
        } else if Self.exists("\(folder)/\(Self.indexName)") {
            try self.init(folder: folder, index: "\(folder)/\(Self.indexName)")
        } else {
            throw .noCheckpoint(folder: folder)
        }
    }

    /// The bytes of all tensors together.
    package var totalByteCount: Int {
        files.reduce(0) { sum, file in file.entries.values.reduce(sum) { $0 + $1.byteRange.count } }
    }

    /// Whether there is a tensor of that name.
    package func contains(_ name: String) -> Bool { fileOfName[name] != nil }

    /// Where a tensor lies, or an error if it is absent or of a type that cannot be read.
    package func entry(_ name: String) throws(CheckpointError) -> TensorEntry {
        try file(for: name).entry(name)
    }

    /// The file that holds a tensor.
    package func file(for name: String) throws(CheckpointError) -> SafetensorsFile {
        guard let index = fileOfName[name] else { throw .missingTensor(file: path, tensor: name) }
        return files[index]
    }

    /// The elements of a tensor of real numbers as float32.
    package func floats(_ name: String) throws(CheckpointError) -> [Float] {
        try file(for: name).floats(name)
    }
}

extension Checkpoint {
    private init(folder: String, index: String) throws(CheckpointError) {
        let shardOfName = try Self.weightMap(index)
        var files: [SafetensorsFile] = []
        for shard in Set(shardOfName.values).sorted() {
            guard !shard.contains("/"), shard.hasSuffix(".safetensors") else {
                throw .unsafeShardName(index: index, shard: shard)
            }
            guard Self.exists("\(folder)/\(shard)") else { throw .missingShard(index: index, shard: shard) }
            files.append(try SafetensorsFile(path: "\(folder)/\(shard)"))
        }
        try self.init(path: folder, files: files, shardOfName: shardOfName.mapValues { "\(folder)/\($0)" })
    }

    /// Joins files; `shardOfName` says which file counts for a name, and must be right.
    private init(path: String, files: [SafetensorsFile], shardOfName: [String: String]) throws(CheckpointError) {
        var fileOfName: [String: Int] = [:]
        var names: [String] = []
        for (index, file) in files.enumerated() {
            for name in file.names where (shardOfName[name] ?? file.path) == file.path {
                if let first = fileOfName.updateValue(index, forKey: name) {
                    throw .inTwoShards(tensor: name, first: files[first].path, second: file.path)
                }
                names.append(name)
            }
        }
        if let (name, shard) = shardOfName.filter({ fileOfName[$0.key] == nil }).min(by: { $0.key < $1.key }) {
            throw .missingFromShard(shard: shard, tensor: name)
        }
        self.path = path
        self.files = files
        self.names = names
        self.fileOfName = fileOfName
    }

    private static func weightMap(_ index: String) throws(CheckpointError) -> [String: String] {
        let file = try MappedFile(path: index)
        let value: JSON
        do {
            value = try file.withBytes { bytes throws(JSONError) in try JSON(parsing: bytes, name: index) }
        } catch {
            throw .invalidJSON(error)
        }
        guard let members = value["weight_map"]?.object else {
            throw .malformedHeader(file: index, found: "no object \"weight_map\"")
        }
        var shardOfName: [String: String] = [:]
        for (name, shard) in members {
            guard let shard = shard.string else {
                throw .malformedEntry(file: index, tensor: name, found: "\(shard.kind) instead of a shard's file name")
            }
            shardOfName[name] = shard
        }
        return shardOfName
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
