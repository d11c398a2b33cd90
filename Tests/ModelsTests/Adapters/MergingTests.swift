import CPUBackend
import Checkpoints
import Models
import Tensors
import TestSupport
import Testing

@Suite("An adapter folds into the weights")
struct MergingTests {
    @Test("the merged model answers as the adapted one, saved and loaded too", arguments: PeftCase.all)
    func answers(_ fixture: PeftCase) throws {
        let backend = try CPUBackend()
        let model = try fixture.adapted(on: backend)
        let file = try fixture.file()
        let before = try #require(try model.traced(file)["logits"])
        let names = model.parameters.parameters.map(\.name).filter { !$0.contains(".lora_") }
        let moved = try model.mergeAdapter()
        #expect(moved > 0 && moved <= 1e-4)
        #expect(model.adapter == nil && model.parameters.trainable.isEmpty)
        #expect(model.parameters.parameters.map(\.name) == names)
        let after = try #require(try model.traced(file)["logits"])
        #expect(rangeDistance(after, before) <= 2e-4)
        let folder = try ScratchFolder()
        try model.save(folder: folder.path)
        let again = try PaliGemma(folder: folder.path, elementType: .float32, backend: backend)
        again.options = model.options
        #expect(try again.traced(file)["logits"].map(bits) == bits(after))
    }

    @Test("merged weights are peft's")
    func weights() throws {
        let fixture = PeftCase(name: "dora", version: "period")
        let model = try fixture.adapted(on: CPUBackend())
        _ = try model.mergeAdapter()
        let file = try fixture.file()
        let merged = file.names.filter { $0.hasPrefix("merged/") }
        #expect(merged.count == 3)
        for name in merged {
            let parameter = try #require(model.parameters[String(name.dropFirst("merged/".count))])
            #expect(relativeDistance(try parameter.value.floats(), try file.floats(name)) <= 1e-6, "\(name)")
        }
    }

    @Test("layers in 4 bits become dense", arguments: [ElementType.float32, .bfloat16])
    func quantized(_ type: ElementType) throws {
        let backend = try CPUBackend()
        let model = try PaliGemma(
            folder: Fixture.path("models/pg2-tiny"), elementType: type, quantization: QuantizationConfiguration(),
            backend: backend)
        try model.loadAdapter(folder: PeftCase(name: "rslora", version: "period").folder)
        let moved = try model.mergeAdapter(tolerance: type == .float32 ? nil : 0.1)
        #expect(moved > 0)
        #expect(model.parameters.quantized.count == 47 - 8)
        #expect(model.parameters.elementCount == 111_934)
        let folder = try ScratchFolder()
        try model.save(folder: folder.path)
        let again = try PaliGemma(folder: folder.path, elementType: type, backend: backend)
        #expect(again.parameters.quantized.count == 47 - 8)
    }

    @Test("where answers would move too far, the model stays as it is")
    func refusal() throws {
        let model = try PeftCase(name: "dora", version: "period").adapted(on: CPUBackend())
        let before = try model.weightBytes()
        let error = #expect(throws: ModelError.self) { try model.mergeAdapter(tolerance: 0) }
        #expect(try #require(error).description.contains("as before"))
        #expect(try model.weightBytes() == before && model.adapter != nil)
        model.detachAdapter()
        #expect(throws: ModelError.self) { try model.mergeAdapter() }
    }
}
