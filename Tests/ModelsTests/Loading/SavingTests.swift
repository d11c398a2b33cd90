import CPUBackend
import Checkpoints
import Foundation
import JSON
import Models
import Tensors
import TestSupport
import Testing

@Suite("What is saved is what was loaded")
struct SavingTests {
    /// The bytes of every tensor of a checkpoint's folder.
    private func stored(_ folder: String) throws -> [String: [UInt8]] {
        let checkpoint = try Checkpoint(folder: folder)
        var bytes: [String: [UInt8]] = [:]
        for name in checkpoint.names {
            bytes[name] = try checkpoint.file(for: name).withBytes(of: checkpoint.entry(name)) { Array($0) }
        }
        return bytes
    }

    @Test(
        "weights have the same bytes and names, in one file and in several",
        arguments: ["pg2-tiny", "pg1-tiny"], [5_000_000_000, 60_000])
    func weights(_ name: String, shardBytes: Int) throws {
        let backend = try CPUBackend()
        let folder = try ScratchFolder()
        try Fixture.model(name, .bfloat16, on: backend).save(folder: folder.path, maximumShardBytes: shardBytes)
        #expect(try stored(folder.path) == stored(Fixture.path("models/\(name)")))
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(files.contains("model.safetensors.index.json") == (shardBytes < 100_000))
        let again = try PaliGemma(folder: folder.path, elementType: .bfloat16, backend: backend)
        #expect(try again.weightBytes() == Fixture.model(name, .bfloat16, on: backend).weightBytes())
    }

    @Test("a float32 model is stored in float32, or in what is asked for, and config.json says which")
    func types() throws {
        let backend = try CPUBackend()
        let model = try Fixture.model(on: backend)
        for (asked, expected) in [(nil, "float32"), (.bfloat16, "bfloat16")] as [(ElementType?, String)] {
            let folder = try ScratchFolder()
            try model.save(folder: folder.path, as: asked)
            let checkpoint = try Checkpoint(folder: folder.path)
            #expect(try checkpoint.names.allSatisfy { try checkpoint.entry($0).elementType.name == expected })
            #expect(try PaliGemmaConfiguration(folder: folder.path).source["torch_dtype"]?.string == expected)
            if asked == .bfloat16 { #expect(try stored(folder.path) == stored(Fixture.path("models/pg2-tiny"))) }
        }
    }

    @Test("a configuration that names its type the new way is saved in the new way")
    func newestConfiguration() throws {
        let text = try String(contentsOfFile: Fixture.path("models/pg2-tiny-newest-config.json"), encoding: .utf8)
        let folder = try EditedCheckpoint(configuration: { _ in text })
        let model = try PaliGemma(folder: folder.path, elementType: .float32, backend: CPUBackend())
        let saved = try ScratchFolder()
        try model.save(folder: saved.path)
        let source = try PaliGemmaConfiguration(folder: saved.path).source
        #expect(source["dtype"]?.string == "float32" && source["torch_dtype"] == nil)
    }

    @Test("fields of config.json that Palinote does not read are kept, in order")
    func configuration() throws {
        let folder = try ScratchFolder()
        try Fixture.model("pg2-tiny", .bfloat16, on: CPUBackend()).save(folder: folder.path)
        let original = try PaliGemmaConfiguration(folder: Fixture.path("models/pg2-tiny"))
        #expect(try PaliGemmaConfiguration(folder: folder.path) == original)
    }

    @Test("a random checkpoint has the bytes of the random model, and the same ones each time")
    func random() throws {
        let backend = try CPUBackend()
        let configuration = try PaliGemmaConfiguration(folder: Fixture.path("models/pg1-tiny"))
        let folder = try ScratchFolder()
        var told = (written: 0, total: 0)
        try PaliGemma.writeRandom(
            configuration, seed: 3, folder: folder.path, backend: backend, progress: { told = ($0, $1) })
        let read = try PaliGemma(folder: folder.path, elementType: .bfloat16, backend: backend)
        let made = try PaliGemma(random: configuration, seed: 3, elementType: .bfloat16, backend: backend)
        let other = try PaliGemma(random: configuration, seed: 4, elementType: .bfloat16, backend: backend)
        #expect(try read.weightBytes() == made.weightBytes())
        #expect(try made.weightBytes() != other.weightBytes())
        #expect(told.written == told.total && told.total == 2 * 77_864)
        let fine = try PaliGemma(random: configuration, seed: 3, elementType: .float32, backend: backend)
        for (a, b) in zip(fine.parameters.parameters, made.parameters.parameters) {
            #expect(try bits(a.value.floats()) == bits(b.value.floats()), "float32 starts from the bfloat16 values")
        }
    }

    @Test("writing that is stopped is an error, and leaves no weights behind")
    func stopped() throws {
        let configuration = try PaliGemmaConfiguration(folder: Fixture.path("models/pg1-tiny"))
        let folder = try ScratchFolder()
        #expect(throws: ModelError.self) {
            try PaliGemma.writeRandom(
                configuration, seed: 3, folder: folder.path, backend: CPUBackend(), shouldStop: { true })
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
}
