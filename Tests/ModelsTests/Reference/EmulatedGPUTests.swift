import CPUBackend
import CUDABackend
import CUDAEmulator
import CUDATestSupport
import Checkpoints
import Models
import Tensors
import TestSupport
import Testing

@Suite("A GPU, run by the emulator, gives the reference's numbers")
struct EmulatedGPUTests {
    private func makeBackend() throws -> CUDABackend { try CUDABackend(EmulatedCUDA.options()) }

    @Test(
        "every intermediate and the loss",
        arguments: [
            ReferenceCase(model: "pg2-tiny", version: "newest", name: "left"),
            ReferenceCase(model: "pg1-tiny", version: "newest", name: "single"),
        ])
    func intermediates(_ fixture: ReferenceCase) throws {
        try fixture.expectIntermediates(fixture.load(on: makeBackend()).traced(fixture.file()))
    }

    @Test("every gradient, twice the same bytes")
    func gradients() throws {
        let fixture = ReferenceCase(model: "pg2-tiny", version: "newest", name: "gradients")
        let first = try fixture.load(on: makeBackend()).traced(fixture.file(), gradients: .all)
        try fixture.expectGradients(first) { _ in true }
        let second = try fixture.load(on: makeBackend()).traced(fixture.file(), gradients: .all)
        #expect(first.keys == second.keys)
        for (name, values) in first { #expect(bits(values) == second[name].map(bits), "\(name)") }
    }

    @Test("the gradients of adapters, joined, are those of a processor, one by one", arguments: [false, true])
    func adapters(checkpointing: Bool) throws {
        func gradients(on backend: any Backend) throws -> [String: [Float]] {
            let fixture = ReferenceCase(model: "pg2-tiny", version: "newest", name: "gradients")
            let model = try fixture.load(on: backend)
            _ = try model.attach(AdapterConfiguration(r: 4), seed: 1)
            model.options.gradientCheckpointing = checkpointing
            return try model.traced(fixture.file(), gradients: .trainable)
        }
        let (found, expected) = (try gradients(on: makeBackend()), try gradients(on: CPUBackend()))
        #expect(found.keys == expected.keys && found.count > 14)
        for (name, values) in expected where name.hasPrefix("grad/") {
            let near = try #require(found[name])
            let largest = values.reduce(0) { max($0, abs($1)) }
            let error = zip(values, near).reduce(0) { max($0, abs($1.0 - $1.1)) }
            #expect(error <= 1e-4 * largest, "\(name)")
        }
        #expect(cudaemulator_fault_count() == 0)
    }

    @Test("the ids of answers, and the same answers in 16 bits as the processor gives")
    func generation() throws {
        let fixture = ReferenceCase(model: "pg2-tiny", version: "newest", name: "generate-left")
        let file = try fixture.file()
        let width = try file.entry("generated_ids").shape[1]
        let wanted = try file.integers("generated_ids")
        let ids = try answers(fixture, .float32, on: makeBackend())
        for (row, ids) in ids.enumerated() {
            #expect(ids.map(Int.init) == Array(wanted[row * width..<(row + 1) * width].prefix { $0 != 1 }))
        }
        let narrow = try answers(fixture, .bfloat16, on: makeBackend())
        #expect(try narrow == answers(fixture, .bfloat16, on: CPUBackend()))
        #expect(try answers(fixture, .float16, on: makeBackend()).count == narrow.count)
    }

    private func answers(
        _ fixture: ReferenceCase, _ type: ElementType, on backend: any Backend
    ) throws -> [[Int32]] {
        let (file, model) = (try fixture.file(), try fixture.load(type, on: backend))
        var options = GenerationOptions(endIDs: [1])
        options.maxNewTokens = 12
        return try model.generate(
            file.tokens(), features: model.imageFeatures(file.pixels(on: backend)), options
        ).ids
    }

    @Test("a pass forward and back waits for nothing")
    func waits() throws {
        let backend = try makeBackend()
        let fixture = ReferenceCase(model: "pg2-tiny", version: "newest", name: "gradients")
        let (file, model) = (try fixture.file(), try fixture.load(on: backend))
        let pixels = try file.pixels(on: backend)
        let tokens = try file.tokens()
        let before = cudaemulator_wait_count()
        let tape = Tape()
        let pass = Pass(tape: tape)
        let losses = try model.losses(
            tokens, features: model.imageFeatures(pixels, pass), weight: 1, smoothing: 0, pass)
        try tape.backward(fromLosses: losses)
        #expect(cudaemulator_wait_count() == before)
        #expect(try losses.floats().allSatisfy { $0.isFinite })
        #expect(cudaemulator_fault_count() == 0)
    }
}
