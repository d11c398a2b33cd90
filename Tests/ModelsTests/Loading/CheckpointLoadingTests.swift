import CPUBackend
import Checkpoints
import Foundation
import Models
import Tensors
import TestSupport
import Testing

@Suite("Checkpoints load in every layout, or say which tensor does not fit")
struct CheckpointLoadingTests {
    @Test("sharded and single files give the same weights")
    func sharded() throws {
        let backend = try CPUBackend()
        let single = try Fixture.model("pg2-tiny", .bfloat16, on: backend)
        let sharded = try Fixture.model("pg2-tiny-sharded", .bfloat16, on: backend)
        #expect(try single.weightBytes() == sharded.weightBytes())
    }

    @Test(
        "the tree of transformers since 4.52 gives the same weights, with and without `vision_model`",
        arguments: [false, true])
    func newLayout(dropsVisionModel: Bool) throws {
        let backend = try CPUBackend()
        let folder = try EditedCheckpoint { tensors in
            tensors.map { tensor in
                var name = tensor.name.replacing("language_model.model.", with: "language_model.")
                if dropsVisionModel { name = name.replacing("vision_model.", with: "") }
                return tensor.renamed("model." + name)
            }
        }
        let model = try PaliGemma(folder: folder.path, elementType: .bfloat16, backend: backend)
        #expect(try model.weightBytes() == Fixture.model("pg2-tiny", .bfloat16, on: backend).weightBytes())
    }

    @Test("a stored head is accepted where it equals the embedding, and refused where it differs")
    func head() throws {
        let backend = try CPUBackend()
        let table = "language_model.model.embed_tokens.weight"
        for (byte, isAccepted) in [(nil, true), (UInt8(7), false)] as [(UInt8?, Bool)] {
            let folder = try EditedCheckpoint { tensors in
                tensors
                    + tensors.filter { $0.name == table }.map { tensor in
                        var bytes = tensor.bytes
                        if let byte { bytes[0] ^= byte }
                        return StoredTensor(
                            name: "language_model.lm_head.weight", type: tensor.type, shape: tensor.shape, bytes: bytes)
                    }
            }
            if isAccepted {
                _ = try PaliGemma(folder: folder.path, elementType: .float32, backend: backend)
            } else {
                let message = try folder.failure(on: backend)
                #expect(message.contains("lm_head") && message.contains("tied"))
            }
        }
    }

    /// What is done to a sound checkpoint, and what the error must name.
    struct Damage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let names: [String]
        let edit: @Sendable ([StoredTensor]) -> [StoredTensor]
    }

    static let norm = "language_model.model.layers.2.input_layernorm.weight"
    static let damages = [
        Damage(testDescription: "a tensor is missing", names: ["model.safetensors", norm, "missing"]) { tensors in
            tensors.filter { $0.name != norm }
        },
        Damage(
            testDescription: "tensors are unknown",
            names: [
                "model.safetensors", "no place for 2 tensors", "language_model.model.layers.4.input_layernorm.weight",
            ]
        ) { tensors in
            tensors + [
                StoredTensor(name: "language_model.model.layers.4.input_layernorm.weight", floats: 40),
                StoredTensor(name: "language_model.model.layers.4.more", floats: 2),
            ]
        },
        Damage(
            testDescription: "a tensor has another shape",
            names: ["model.safetensors", norm, "[41]", "[40]", "config.json"]
        ) { tensors in
            tensors.map { $0.name == norm ? StoredTensor(name: norm, floats: 41) : $0 }
        },
        Damage(
            testDescription: "a tensor holds whole numbers", names: ["model.safetensors", norm, "int32", "a real type"]
        ) { tensors in
            tensors.map {
                $0.name == norm
                    ? StoredTensor(name: norm, type: .int32, shape: [40], bytes: Array(repeating: 0, count: 160)) : $0
            }
        },
    ]

    @Test("one sentence names the file and the tensor", arguments: damages)
    func damage(_ damage: Damage) throws {
        let folder = try EditedCheckpoint(edit: damage.edit)
        let message = try folder.failure(on: CPUBackend())
        for name in damage.names { #expect(message.contains(name), "\"\(message)\" does not say \(name)") }
        #expect(!message.contains("\n"))
    }

    @Test("no weights, an empty file and a header that is no JSON are named")
    func unreadable() throws {
        let backend = try CPUBackend()
        let folder = try EditedCheckpoint { $0 }
        let file = folder.path + "/model.safetensors"
        for (bytes, expected) in [(Data(), "empty"), (Data(repeating: 0xFF, count: 64), "header")] {
            try bytes.write(to: URL(fileURLWithPath: file))
            let message = try folder.failure(on: backend)
            #expect(message.contains("model.safetensors") && message.contains(expected), "\(message)")
        }
        try FileManager.default.removeItem(atPath: file)
        #expect(try folder.failure(on: backend).contains(folder.path))
    }

    @Test("weights of another type are converted, those of the same type are read in place")
    func types() throws {
        let backend = try CPUBackend()
        let coarse = try Fixture.model("pg2-tiny", .bfloat16, on: backend)
        let before = backend.memory.allocated
        let mapped = try Fixture.model("pg2-tiny", .bfloat16, on: backend)
        #expect(backend.memory.allocated == before, "mapped weights take no memory of their own")
        let fine = try Fixture.model("pg2-tiny", .float32, on: backend)
        for (a, b) in zip(fine.parameters.parameters, coarse.parameters.parameters) {
            #expect(try bits(a.value.floats()) == bits(b.value.floats()))
        }
        #expect(mapped.parameters.elementCount == 111_934)
    }
}

/// One tensor of a checkpoint, to be changed.
struct StoredTensor: Sendable {
    var name: String
    var type: ElementType
    var shape: [Int]
    var bytes: [UInt8]

    func renamed(_ name: String) -> StoredTensor {
        StoredTensor(name: name, type: type, shape: shape, bytes: bytes)
    }
}

extension StoredTensor {
    /// Zeros.
    init(name: String, floats count: Int) {
        self.init(name: name, type: .float32, shape: [count], bytes: Array(repeating: 0, count: 4 * count))
    }
}

/// The checkpoint `pg2-tiny` with its tensors or its configuration changed.
struct EditedCheckpoint {
    private let folder: ScratchFolder
    var path: String { folder.path }

    init(
        edit: ([StoredTensor]) -> [StoredTensor] = { $0 }, configuration: (String) -> String = { $0 }
    ) throws {
        folder = try ScratchFolder()
        let file = try SafetensorsFile(path: Fixture.path("models/pg2-tiny/model.safetensors"))
        let tensors = try file.names.map { name in
            let entry = try file.entry(name)
            return StoredTensor(
                name: name, type: entry.elementType, shape: entry.shape, bytes: file.withBytes(of: entry) { Array($0) })
        }
        let sources = edit(tensors).map {
            TensorSource(name: $0.name, elementType: $0.type, shape: $0.shape, bytes: $0.bytes)
        }
        try SafetensorsWriter.write(sources, to: path + "/model.safetensors")
        let text = try String(contentsOfFile: Fixture.path("models/pg2-tiny/config.json"), encoding: .utf8)
        try configuration(text).write(toFile: path + "/config.json", atomically: true, encoding: .utf8)
    }

    /// What loading says; it must fail, with a `ModelError`.
    func failure(on backend: any Backend) throws -> String {
        let error = #expect(throws: ModelError.self) {
            try PaliGemma(folder: path, elementType: .float32, backend: backend)
        }
        return try #require(error).description
    }
}

extension PaliGemma {
    /// The raw bytes of every weight, by name.
    func weightBytes() throws -> [String: [UInt8]] {
        var bytes: [String: [UInt8]] = [:]
        for parameter in parameters.parameters { bytes[parameter.name] = try parameter.value.readBytes() }
        return bytes
    }
}
