import CPUBackend
import Models
import Tensors
import Testing

@Suite("Recomputed layers give the same bits in less memory")
struct RecomputationTests {
    private func run(
        _ type: ElementType, checkpointing: Bool, _ prepare: (PaliGemma) throws -> Void
    ) throws -> (results: [String: [UInt32]], peak: Int) {
        let backend = try CPUBackend()
        let model = try Fixture.model("pg2-tiny", type, on: backend)
        try prepare(model)
        model.options.gradientCheckpointing = checkpointing
        let file = try ReferenceCase(model: "pg2-tiny", version: "newest", name: "left").file()
        let results = try model.traced(file, gradients: .trainable)
        return (results.filter { $0.key == "loss" || $0.key.hasPrefix("grad/") }.mapValues(bits), backend.memory.peak)
    }

    @Test("every weight's gradient", arguments: [ElementType.float32, .bfloat16])
    func everything(_ type: ElementType) throws {
        let plain = try run(type, checkpointing: false) { _ in }
        let again = try run(type, checkpointing: true) { _ in }
        #expect(plain.results.count > 90 && plain.results == again.results)
        #expect(again.peak < plain.peak)
    }

    @Test("an adapter with dropout on the language model, the tower frozen")
    func adapter() throws {
        let prepare = { (model: PaliGemma) in
            _ = try model.attach(
                AdapterConfiguration(r: 4, targetModules: .languageModel(["q_proj", "down_proj"])), seed: 1)
        }
        let plain = try run(.bfloat16, checkpointing: false, prepare)
        let again = try run(.bfloat16, checkpointing: true, prepare)
        #expect(plain.results.count == 17 && plain.results == again.results)
    }
}
