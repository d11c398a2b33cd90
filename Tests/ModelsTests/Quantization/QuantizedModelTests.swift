import CPUBackend
import Checkpoints
import Foundation
import JSON
import Models
import Tensors
import TestSupport
import Testing

/// A model in 4 bits with an adapter, against transformers, peft and bitsandbytes.
///
/// Made by `Tests/Reference/quantization/make_quantization.py`.
@Suite("Models in 4 bits are the reference's")
struct QuantizedModelTests {
    static let folder = Fixture.path("quantization/pg2-tiny-nf4-period")

    private func quantized(
        _ name: String, _ type: ElementType = .float32, threads: Int = 2
    ) throws -> PaliGemma {
        var configuration = QuantizationConfiguration()
        if name == "skipped" { configuration.skipModules = ["vision_tower", "multi_modal_projector"] }
        let model = try PaliGemma(
            folder: Fixture.path("models/pg2-tiny"), elementType: type, quantization: configuration,
            backend: Fixture.backend(threads: threads))
        model.options.compatibility = .period
        return model
    }

    /// Attaches the adapter that the fixture holds.
    private func adapt(_ model: PaliGemma, _ file: SafetensorsFile) throws {
        let folder = try ScratchFolder()
        let tensors = try file.names.filter { $0.hasPrefix("adapter/") }.map { name in
            TensorSource(
                name: String(name.dropFirst("adapter/".count)), shape: try file.entry(name).shape,
                floats: try file.floats(name))
        }
        try SafetensorsWriter.write(tensors, to: folder.path + "/adapter_model.safetensors")
        let suffixes = AdapterConfiguration.usualSuffixes.map { "\"\($0)\"" }.joined(separator: ", ")
        try folder.write(
            #"{"peft_type": "LORA", "r": 4, "lora_alpha": 10, "target_modules": [\#(suffixes)]}"#.utf8,
            to: "adapter_config.json")
        try model.loadAdapter(folder: folder.path)
    }

    @Test("logits, loss and the adapter's gradients", arguments: ["float32", "skipped"])
    func reference(_ name: String) throws {
        let file = try SafetensorsFile(path: Fixture.path("quantization/\(name)-period.safetensors"))
        let model = try quantized(name)
        #expect(model.parameters.quantized.count == (name == "skipped" ? 28 : 28 + 18 + 1))
        #expect(model.parameters.elementCount == 111_934)
        try adapt(model, file)
        let results = try model.traced(file, gradients: .trainable)
        let attends = try file.integers("attention_mask").map { $0 != 0 }
        let distance = rangeDistance(
            rows(try #require(results["logits"]), where: attends), rows(try file.floats("logits"), where: attends))
        #expect(distance <= 2e-4, "logits are off by \(distance) of their range")
        expectClose(try #require(results["loss"]), try file.floats("loss"), relative: 1e-4, "loss")
        let gradients = file.names.filter { $0.hasPrefix("grad/") }
        #expect(gradients.count == model.parameters.trainable.count && !gradients.isEmpty)
        for name in gradients {
            let distance = relativeDistance(
                try #require(results[name.replacing("base_model.model.", with: "")], "no \(name)"),
                try file.floats(name))
            #expect(distance <= 1e-3, "\(name) is off by \(distance)")
        }
    }

    @Test("what transformers saved loads, and equals what is quantized on opening, to the bit")
    func loading() throws {
        let backend = try CPUBackend()
        let stored = try PaliGemma(folder: Self.folder, elementType: .bfloat16, backend: backend)
        let made = try quantized("all", .bfloat16)
        #expect(stored.parameters.quantized.map(\.name) == made.parameters.quantized.map(\.name))
        for (a, b) in zip(stored.parameters.quantized, made.parameters.quantized) {
            #expect(try a.matrix.codes.readBytes() == b.matrix.codes.readBytes(), "\(a.name)")
            #expect(try bits(a.matrix.hostScales()) == bits(b.matrix.hostScales()), "\(a.name)")
            #expect(a.matrix.shape == b.matrix.shape && a.matrix.elementType == b.matrix.elementType)
        }
        #expect(try stored.weightBytes() == made.weightBytes())
        #expect(stored.quantization?.useDoubleQuant == true)
    }

    @Test("what is saved has transformers' tensors, byte for byte, and its configuration")
    func saving() throws {
        let folder = try ScratchFolder()
        try quantized("all", .bfloat16).save(folder: folder.path)
        let ours = try SafetensorsFile(path: folder.path + "/model.safetensors")
        let theirs = try SafetensorsFile(path: Self.folder + "/model.safetensors")
        #expect(ours.names.sorted() == theirs.names.sorted())
        for name in theirs.names {
            #expect(try ours.entry(name).shape == theirs.entry(name).shape, "\(name)")
            let bytes = try ours.withBytes(of: name) { Array($0) }
            #expect(try theirs.withBytes(of: name) { Array($0) } == bytes, "\(name)")
        }
        func settings(_ folder: String) throws -> JSON? {
            let file = folder + "/config.json"
            return try JSON(parsing: MappedFile(path: file).withBytes { Array($0) }, name: file)["quantization_config"]
        }
        let (found, expected) = try (#require(try settings(folder.path)), #require(try settings(Self.folder)))
        for field in try #require(expected.object).keys { #expect(found[field] == expected[field], "\(field)") }
        let again = try PaliGemma(folder: folder.path, elementType: .bfloat16, backend: CPUBackend())
        #expect(again.parameters.quantized.count == 47)
    }

    @Test("bits do not depend on the number of threads, and a type to compute with can be chosen")
    func computing() throws {
        let file = try SafetensorsFile(path: Fixture.path("quantization/float32-period.safetensors"))
        let one = try quantized("all", .bfloat16, threads: 1).traced(file)["logits"].map(bits)
        #expect(try quantized("all", .bfloat16, threads: 3).traced(file)["logits"].map(bits) == one)
        var configuration = QuantizationConfiguration()
        configuration.computeType = .bfloat16
        let mixed = try PaliGemma(
            folder: Fixture.path("models/pg2-tiny"), elementType: .float32, quantization: configuration,
            backend: CPUBackend())
        let plain = try quantized("all")
        plain.options = mixed.options
        let (a, b) = (try mixed.traced(file)["loss"], try plain.traced(file)["loss"])
        #expect(a != b)
        expectClose(try #require(a), try #require(b), relative: 0.1, "loss")
    }

    @Test("other kinds of quantization are refused by name")
    func refusals() throws {
        for (old, new, word) in [
            (#""nf4""#, #""fp4""#, "fp4"), (#""bitsandbytes""#, #""gptq""#, "bitsandbytes"),
        ] {
            let folder = try ScratchFolder()
            try folder.copy(Self.folder, without: ["config.json"])
            let text = try String(contentsOfFile: Self.folder + "/config.json", encoding: .utf8)
            #expect(text.contains(old))
            try folder.write(text.replacing(old, with: new).utf8, to: "config.json")
            let error = #expect(throws: ModelError.self) {
                try PaliGemma(folder: folder.path, elementType: .bfloat16, backend: CPUBackend())
            }
            #expect(try #require(error).description.contains(word))
        }
    }
}
