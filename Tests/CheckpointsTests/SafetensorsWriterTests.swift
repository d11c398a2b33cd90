import Foundation
import JSON
import TestSupport
import Testing

@testable import Checkpoints

@Suite("Writing safetensors")
struct SafetensorsWriterTests {
    let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    /// The tensors of a file, last first, to be written again.
    private func sources(of path: String) throws -> [TensorSource] {
        let checkpoint = try Checkpoint(folder: path)
        return try checkpoint.names.reversed().map { name in
            let entry = try checkpoint.entry(name)
            let file = try checkpoint.file(for: name)
            return TensorSource(name: name, elementType: entry.elementType, shape: entry.shape) { sink in
                try file.withBytes(of: entry) { bytes in
                    for start in stride(from: 0, to: bytes.count, by: 5) {
                        try sink(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 5, bytes.count)]))
                    }
                }
            }
        }
    }

    @Test("a file read and written again has the bytes that safetensors wrote")
    func writesTheSameBytes() throws {
        let path = "\(scratch.path)/again.safetensors"
        try SafetensorsWriter.write(try sources(of: CheckpointFixtures.types), to: path)
        let expected = try Data(contentsOf: URL(fileURLWithPath: CheckpointFixtures.types))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == expected)
    }

    @Test("shards and index are those that transformers' splitter writes")
    func writesTheSameShards() throws {
        let original = try Checkpoint(folder: CheckpointFixtures.sharded)
        let order = (0..<5).map { "model.layers.\($0).weight" } + ["big"]
        let tensors = try order.map { name in
            TensorSource(name: name, shape: try original.entry(name).shape, floats: try original.floats(name))
        }
        let written = try SafetensorsWriter.writeSharded(tensors, to: scratch.path, maximumShardBytes: 300)
        let names = try FileManager.default.contentsOfDirectory(atPath: CheckpointFixtures.sharded).sorted()
        #expect(written.sorted() == names)
        #expect(try scratch.names() == names)
        for name in names where name != Checkpoint.indexName {
            let expected = try Data(contentsOf: URL(fileURLWithPath: "\(CheckpointFixtures.sharded)/\(name)"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: "\(scratch.path)/\(name)")) == expected, "\(name)")
        }
        // transformers sorts the keys of the index and ends it with a line end, huggingface_hub does not: compare values.
        let expected = try String(
            contentsOfFile: "\(CheckpointFixtures.sharded)/\(Checkpoint.indexName)", encoding: .utf8)
        let found = try String(contentsOfFile: "\(scratch.path)/\(Checkpoint.indexName)", encoding: .utf8)
        #expect(try JSON(parsing: found) == JSON(parsing: expected))
    }

    @Test("a smaller checkpoint leaves nothing of the one before it")
    func removesEarlierFiles() throws {
        let tensors = (0..<3).map { TensorSource(name: "t\($0)", shape: [4], floats: [1, 2, 3, Float($0)]) }
        try scratch.write([], to: "config.json")
        try SafetensorsWriter.writeSharded(tensors, to: scratch.path, maximumShardBytes: 16)
        #expect(try scratch.names().count == 5)
        try SafetensorsWriter.writeSharded(tensors, to: scratch.path)
        #expect(try scratch.names() == ["config.json", "model.safetensors"])
        #expect(try Checkpoint(folder: scratch.path).floats("t2") == [1, 2, 3, 2])
        try SafetensorsWriter.writeSharded(tensors, to: scratch.path, maximumShardBytes: 32)
        #expect(try Checkpoint(folder: scratch.path).files.count == 2)
    }

    @Test("tensors that cannot be written leave the file of before untouched, and no other")
    func failsWhole() throws {
        struct Gone: Error, CustomStringConvertible { var description: String { "the device is gone" } }
        let path = try scratch.write([1, 2, 3], to: "kept.safetensors")
        let good = TensorSource(name: "good", shape: [1], floats: [1])
        let bad: [(TensorSource, CheckpointError)] = [
            (good, .duplicateName(file: path, tensor: "good")),
            (
                TensorSource(name: "short", shape: [3], floats: [1, 2]),
                .sizeMismatch(file: path, tensor: "short", type: "F32", shape: [3], expected: 12, found: 8)
            ),
            (
                TensorSource(name: "gone", elementType: .uint8, shape: [1]) { _ in throw Gone() },
                .sourceFailed(file: path, tensor: "gone", reason: "the device is gone")
            ),
            (
                TensorSource(name: "huge", elementType: .uint8, shape: [.max, 2]) { _ in },
                .sizeMismatch(file: path, tensor: "huge", type: "U8", shape: [.max, 2], expected: nil, found: 0)
            ),
            (
                TensorSource(name: "__metadata__", shape: [1], floats: [1]),
                .invalidName(file: path, tensor: "__metadata__")
            ),
        ]
        for (tensor, error) in bad {
            #expect(throws: error) { try SafetensorsWriter.write([good, tensor], to: path) }
            #expect(try scratch.names() == ["kept.safetensors"])
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([1, 2, 3]))
        }
    }

    @Test("an absent folder is named")
    func namesAbsentFolder() {
        #expect(throws: CheckpointError.unwritable(file: "/nowhere/x.json", reason: "No such file or directory")) {
            try AtomicFile.write("{}", to: "/nowhere/x.json")
        }
    }

    @Test("a file abandoned half-way leaves nothing behind, and a finished one replaces another")
    func replacesWhole() throws {
        let path = try scratch.write([9], to: "a.json")
        do {
            let file = try AtomicFile(path: path)
            try file.write(Array("half".utf8))
            #expect(try scratch.names().count == 2)
        }
        #expect(try scratch.names() == ["a.json"])
        try AtomicFile.write("whole", to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "whole")
    }

    @Test("no tensors at all make a file that opens")
    func writesNothing() throws {
        let path = "\(scratch.path)/none.safetensors"
        try SafetensorsWriter.write([], metadata: ["format": "pt", "a": "b"], to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.names.isEmpty && file.metadata == ["format": "pt", "a": "b"])
    }
}
