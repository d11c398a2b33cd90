import Foundation
import TestSupport
import Testing

@testable import Checkpoints

@Suite("Damaged checkpoints")
struct DamagedFileTests {
    let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    /// A file of a header, with its true length in front, and `dataByteCount` zeros.
    private func file(header: String, dataByteCount: Int) throws -> String {
        var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8)
        bytes.append(contentsOf: repeatElement(0, count: dataByteCount))
        return try scratch.write(bytes, to: "damaged.safetensors")
    }

    @Test(
        "a header that lies is refused in a sentence that names file and tensor",
        arguments: [
            ("{", 0, "damaged.safetensors (header):1:2: the text ends"),
            ("[]", 0, "its header holds an array"),
            (#"{"a": 3}"#, 0, "\"a\" has no \"dtype\""),
            (#"{"a": {"dtype": "F32", "data_offsets": [0, 4]}}"#, 4, "\"a\" has no \"shape\""),
            (#"{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}"#, 4, "from 0: [-1]"),
            (#"{"a": {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}}"#, 4, "from 0: [1.0]"),
            (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}"#, 4, "[start, end]: [4,0]"),
            (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}"#, 4, "[start, end]: [0]"),
            (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 99999999999999999999]}}"#, 4, "[start, end]"),
            (#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}"#, 4, "has 4 bytes, it needs 8"),
            (#"{"a": {"dtype": "I8", "shape": [4], "data_offsets": [0, 9]}}"#, 4, "\"a\" ends at byte 9"),
            (
                #"{"a": {"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 4]}}"#, 4,
                "it needs more than a file can hold"
            ),
            (
                #"{"a": {"dtype": "F32", "shape": [0, 9223372036854775807, 9223372036854775807], "data_offsets": [0, 4]}}"#,
                4, "has 4 bytes, it needs 0"
            ),
            (
                #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}"#, 4,
                "ends at byte 8 of the data, which has 4"
            ),
            (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}"#, 8, "4 bytes after tensor \"a\""),
            (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}"#, 8, "4 bytes at the start"),
            (
                #"{"a": {"dtype":"U8","shape":[4],"data_offsets":[0,4]}, "b": {"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#,
                6, "tensors \"a\" and \"b\" overlap"
            ),
            (
                #"{"a": {"dtype":"U8","shape":[1],"data_offsets":[0,1]}, "a": {"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
                2, "the key \"a\" occurs twice"
            ),
            (#"{"__metadata__": {"format": 1}}"#, 0, "a whole number under __metadata__.format"),
            (#"{"__metadata__": []}"#, 0, "an array under __metadata__"),
        ])
    func refusesLies(header: String, dataByteCount: Int, expected: String) throws {
        let path = try file(header: header, dataByteCount: dataByteCount)
        let error = #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        let sentence = error?.description ?? ""
        #expect(sentence.contains(expected) && sentence.contains(path), "\(sentence)")
    }

    @Test("a file cut at any length, or with any header byte changed, is read or refused, never a trap")
    func survivesCuts() throws {
        let whole = Array(try Data(contentsOf: URL(fileURLWithPath: CheckpointFixtures.foreign)))
        for length in 0..<whole.count {
            let cut = try scratch.write(Array(whole[..<length]), to: "cut.safetensors")
            #expect(throws: CheckpointError.self, "\(length) bytes") { try SafetensorsFile(path: cut) }
            var changed = whole
            changed[length] ^= 0x11
            let path = try scratch.write(changed, to: "changed.safetensors")
            if let file = try? SafetensorsFile(path: path) {
                for name in file.entries.keys { _ = try? file.floats(name) }
            }
        }
    }

    @Test("a header length beyond the file, a folder and an absent file are refused")
    func refusesOtherThings() throws {
        let huge = try scratch.write(Array(repeating: 0xFF, count: 16), to: "huge.safetensors")
        #expect(throws: CheckpointError.headerLength(file: huge, found: .max, fileByteCount: 16)) {
            try SafetensorsFile(path: huge)
        }
        let empty = try scratch.write([], to: "empty.safetensors")
        #expect(throws: CheckpointError.empty(file: empty)) { try SafetensorsFile(path: empty) }
        #expect(throws: CheckpointError.unreadable(file: scratch.path, reason: "it is not a file")) {
            try SafetensorsFile(path: scratch.path)
        }
        #expect(throws: CheckpointError.unreadable(file: "/nowhere/x", reason: "No such file or directory")) {
            try SafetensorsFile(path: "/nowhere/x")
        }
        #expect(throws: CheckpointError.noCheckpoint(folder: scratch.path)) { try Checkpoint(folder: scratch.path) }
    }
}

@Suite("A checkpoint of several files")
struct ShardedCheckpointTests {
    let scratch: ScratchFolder

    init() throws {
        scratch = try ScratchFolder()
        try scratch.copy(CheckpointFixtures.sharded)
    }

    private func replaceInIndex(_ text: String, _ replacement: String) throws {
        let path = "\(scratch.path)/\(Checkpoint.indexName)"
        let index = try String(contentsOfFile: path, encoding: .utf8)
        #expect(index.contains(text))
        try scratch.write(Array(index.replacingOccurrences(of: text, with: replacement).utf8), to: Checkpoint.indexName)
    }

    @Test("tensors are found in their shards")
    func readsShards() throws {
        let checkpoint = try Checkpoint(folder: scratch.path)
        #expect(checkpoint.files.count == 4 && checkpoint.names.count == 6 && checkpoint.totalByteCount == 1040)
        #expect(try checkpoint.floats("big").count == 100)
        #expect(try checkpoint.entry("model.layers.4.weight").shape == [4, 8])
        #expect(checkpoint.contains("big") && !checkpoint.contains("small"))
        #expect(throws: CheckpointError.missingTensor(file: scratch.path, tensor: "small")) {
            try checkpoint.file(for: "small")
        }
    }

    @Test("a missing shard is named")
    func namesMissingShard() throws {
        try FileManager.default.removeItem(atPath: "\(scratch.path)/model-00002-of-00004.safetensors")
        let index = "\(scratch.path)/\(Checkpoint.indexName)"
        #expect(throws: CheckpointError.missingShard(index: index, shard: "model-00002-of-00004.safetensors")) {
            try Checkpoint(folder: scratch.path)
        }
    }

    @Test("a tensor that its shard lacks is named")
    func namesMissingTensor() throws {
        try replaceInIndex("\"big\"", "\"bigger\"")
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(folder: scratch.path) }
        #expect(error?.description.contains("no tensor \"bigger\", which the index puts there") == true)
    }

    @Test(
        "an index that leaves the folder or is no index is refused",
        arguments: [
            (
                "\"model-00001-of-00004.safetensors\"", "\"../model-00001-of-00004.safetensors\"",
                "not a plain file name"
            ),
            ("\"model-00001-of-00004.safetensors\"", "7", "a whole number instead of a shard's file name"),
            ("weight_map", "weights", "no object \"weight_map\""), ("{", "", "index.json:"),
        ])
    func refusesBadIndex(text: String, replacement: String, expected: String) throws {
        try replaceInIndex(text, replacement)
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(folder: scratch.path) }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }
}
