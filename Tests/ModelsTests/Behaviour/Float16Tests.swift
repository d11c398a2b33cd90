import CPUBackend
import CUDABackend
import CUDAEmulator
import CUDATestSupport
import Checkpoints
import Foundation
import Models
import Tensors
import TestSupport
import Testing

@Suite("Models in float16, on an emulated GPU")
struct Float16Tests {
    /// A card of compute capability 9.0, and one of 7.5, which has no bfloat16.
    private func makeBackend(device: Int = 0) throws -> CUDABackend {
        try CUDABackend(EmulatedCUDA.options(device: device))
    }

    private let fixture = ReferenceCase(model: "pg2-tiny", version: "newest", name: "gradients")

    /// How far numbers are from others, as a share of the largest.
    private func distance(_ found: [Float], _ exact: [Float]) -> Float {
        let largest = exact.reduce(0) { max($0, abs($1)) }
        return zip(found, exact).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
    }

    @Test(
        "every intermediate is float32's, rounded",
        arguments: [
            ReferenceCase(model: "pg2-tiny", version: "newest", name: "left"),
            ReferenceCase(model: "pg1-tiny", version: "newest", name: "single"),
        ], [0, 1])
    func intermediates(_ fixture: ReferenceCase, device: Int) throws {
        let found = try fixture.load(.float16, on: makeBackend(device: device)).traced(fixture.file())
        let exact = try fixture.load(on: CPUBackend()).traced(fixture.file())
        #expect(found.keys == exact.keys && found.keys.contains("logits"))
        for (name, values) in exact {
            let near = try #require(found[name])
            #expect(distance(near, values) < 8e-3, "\(name)")
        }
        #expect(cudaemulator_fault_count() == 0)
    }

    @Test("hidden states beyond float16's range give float32's answers")
    func range() throws {
        func traced(_ type: ElementType, on backend: any Backend) throws -> [String: [Float]] {
            let model = try fixture.load(type, on: backend)
            // What the first layer adds is then larger than any number of float16.
            let name = "language_model.model.layers.0.post_feedforward_layernorm.weight"
            let norm = try #require(model.parameters[name])
            norm.value = try .filled(60_000, shape: norm.shape, type, on: backend)
            return try model.traced(fixture.file())
        }
        let (found, exact) = (
            try traced(.float16, on: makeBackend()), try traced(.float32, on: CPUBackend())
        )
        let largest = try #require(exact["hidden_1"]).reduce(0) { max($0, abs($1)) }
        #expect(largest > 100_000)
        for name in ["hidden_1", "hidden_2", "logits", "loss"] {
            #expect(try distance(#require(found[name]), #require(exact[name])) < 8e-3, "\(name)")
        }
    }

    @Test("answers are float32's")
    func answers() throws {
        let fixture = ReferenceCase(model: "pg2-tiny", version: "newest", name: "generate-left")
        let file = try fixture.file()
        func answers(_ type: ElementType, on backend: any Backend) throws -> [[Int32]] {
            let model = try fixture.load(type, on: backend)
            var options = GenerationOptions(endIDs: [1])
            options.maxNewTokens = 12
            return try model.generate(
                file.tokens(), features: model.imageFeatures(file.pixels(on: backend)), options
            ).ids
        }
        let exact = try answers(.float32, on: CPUBackend())
        #expect(exact.count > 1)
        for device in [0, 1] { #expect(try answers(.float16, on: makeBackend(device: device)) == exact) }
    }

    @Test("gradients of a scaled loss are float32's, rounded", arguments: [false, true])
    func gradients(checkpointing: Bool) throws {
        func gradients(_ type: ElementType, scale: Float, on backend: any Backend) throws -> [String: [Float]] {
            let (file, model) = (try fixture.file(), try fixture.load(type, on: backend))
            model.options.gradientCheckpointing = checkpointing
            let tape = Tape()
            let pass = Pass(tape: tape)
            let losses = try model.losses(
                file.tokens(), features: model.imageFeatures(file.pixels(on: backend), pass), weight: scale / 8, pass)
            try tape.backward(fromLosses: losses)
            var found: [String: [Float]] = [:]
            for parameter in model.parameters.parameters {
                guard let gradient = parameter.currentGradient else { continue }
                #expect(gradient.elementType == .float32)
                found[parameter.name] = try gradient.floats().map { $0 / scale }
            }
            return found
        }
        let found = try gradients(.float16, scale: 1024, on: makeBackend())
        let exact = try gradients(.float32, scale: 1, on: CPUBackend())
        #expect(found.keys == exact.keys && found.count > 40)
        let largest = exact.values.joined().reduce(0) { max($0, abs($1)) }
        for (name, values) in exact {
            let near = try #require(found[name])
            let error = zip(near, values).reduce(0) { max($0, abs($1.0 - $1.1)) }
            // Softmax leaves the bias of keys no gradient but rounding.
            let isZero = name.hasSuffix("k_proj.bias")
            let own = values.reduce(0) { max($0, abs($1)) }
            #expect(error < (isZero ? 1e-3 * largest : 3e-2 * max(own, 1e-3 * largest)), "\(name)")
        }
        #expect(cudaemulator_fault_count() == 0)
    }

    @Test("adapters and 4 bits compute in float16", arguments: [false, true])
    func adapted(isQuantized: Bool) throws {
        let file = try fixture.file()
        func loss(_ type: ElementType, on backend: any Backend) throws -> Float {
            let model = try PaliGemma(
                folder: Fixture.path("models/pg2-tiny"), elementType: type,
                quantization: isQuantized ? QuantizationConfiguration() : nil, backend: backend)
            try model.attach(AdapterConfiguration(r: 4), seed: 1)
            #expect(model.computesInFloat16 == (type == .float16))
            let tape = Tape()
            let pass = Pass(tape: tape)
            let losses = try model.losses(
                file.tokens(), features: model.imageFeatures(file.pixels(on: backend), pass), weight: 1, pass)
            try tape.backward(fromLosses: losses)
            for parameter in model.parameters.trainable {
                let gradient = try #require(parameter.currentGradient)
                #expect(try gradient.floats().allSatisfy { $0.isFinite })
            }
            return try losses.floats().reduce(0, +)
        }
        let (found, exact) = (try loss(.float16, on: makeBackend()), try loss(.float32, on: CPUBackend()))
        #expect(abs(found - exact) < 5e-3 * exact, "\(found), \(exact)")
    }

    @Test("heads of 256, as every Gemma has, learn and answer on a card of 7.5")
    func largeHeads() throws {
        var source = try PaliGemmaConfiguration(folder: Fixture.path("models/pg2-tiny")).source
        var text = try #require(source["text_config"]?.object)
        (text["head_dim"], text["num_hidden_layers"]) = (256, 2)
        source["text_config"] = .object(text)
        let configuration = try PaliGemmaConfiguration(.object(source), file: "config.json")
        let (file, prompts) = (
            try fixture.file(), try ReferenceCase(model: "pg2-tiny", version: "newest", name: "generate-left").file()
        )
        func results(
            _ type: ElementType, on backend: any Backend
        ) throws -> (loss: Float, norm: Float, ids: [[Int32]]) {
            let model = try PaliGemma(random: configuration, seed: 3, elementType: type, backend: backend)
            let tape = Tape()
            let pass = Pass(tape: tape)
            let losses = try model.losses(
                file.tokens(), features: model.imageFeatures(file.pixels(on: backend), pass), weight: 1, pass)
            try tape.backward(fromLosses: losses)
            let squares = try model.parameters.parameters.compactMap(\.currentGradient)
                .map { try $0.floats().reduce(0) { $0 + $1 * $1 } }
            var options = GenerationOptions(endIDs: [1])
            options.maxNewTokens = 5
            let answers = try model.generate(
                prompts.tokens(), features: model.imageFeatures(prompts.pixels(on: backend)), options)
            return (try losses.floats().reduce(0, +), squares.reduce(0, +).squareRoot(), answers.ids)
        }
        let (found, exact) = (
            try results(.float16, on: makeBackend(device: 1)), try results(.float32, on: CPUBackend())
        )
        #expect(abs(found.loss - exact.loss) < 5e-3 * exact.loss && found.ids == exact.ids)
        #expect(abs(found.norm - exact.norm) < 3e-2 * exact.norm, "\(found.norm), \(exact.norm)")
        #expect(cudaemulator_fault_count() == 0)
    }

    @Test("a processor, and a card without the type, refuse it and name what to use")
    func refusals() throws {
        func error(_ type: ElementType, compute: ElementType? = nil, on backend: any Backend) -> String? {
            var quantization = QuantizationConfiguration()
            quantization.computeType = compute
            do {
                _ = try PaliGemma(
                    folder: Fixture.path("models/pg2-tiny"), elementType: type,
                    quantization: compute == nil ? nil : quantization, backend: backend)
                return nil
            } catch { return "\(error)" }
        }
        let onProcessor = try #require(error(.float16, on: CPUBackend()))
        #expect(onProcessor.contains("float16") && onProcessor.contains("--dtype bfloat16"))
        #expect(try #require(error(.float32, compute: .float16, on: CPUBackend())).contains("float16"))
        let onCard = try #require(error(.bfloat16, on: makeBackend(device: 1)))
        #expect(onCard.contains("7.5") && onCard.contains("--dtype float16"))
        #expect(try error(.float16, on: makeBackend(device: 1)) == nil)
        #expect(try error(.bfloat16, on: makeBackend(device: 2)) == nil)
    }

    @Test("checkpoints in bfloat16 load on a card without it, and what is saved in float16 loads everywhere")
    func files() throws {
        let folder = try ScratchFolder()
        for name in ["bfloat16", "float16", "adapter"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
        }
        try fixture.load(on: CPUBackend()).save(folder: folder.path + "/bfloat16", as: .bfloat16)
        let model = try PaliGemma(
            folder: folder.path + "/bfloat16", elementType: .float16, backend: makeBackend(device: 1))
        try model.save(folder: folder.path + "/float16")
        let stored = try SafetensorsFile(path: folder.path + "/float16/model.safetensors")
        #expect(try stored.entry("language_model.model.norm.weight").elementType == .float16)
        let back = try PaliGemma(folder: folder.path + "/float16", elementType: .float32, backend: CPUBackend())
        let first = try PaliGemma(folder: folder.path + "/bfloat16", elementType: .float32, backend: CPUBackend())
        for (a, b) in zip(back.parameters.parameters, first.parameters.parameters) {
            // bfloat16 has fewer digits, and float16 holds them from 2^-14 on.
            let wanted = try b.value.floats().map { abs($0) >= 0x1p-14 ? $0 : Float(Float16($0)) }
            #expect(try a.value.floats() == wanted, "\(a.name)")
        }
        try model.attach(AdapterConfiguration(r: 2), seed: 3)
        try model.saveAdapter(folder: folder.path + "/adapter", baseModel: nil)
        try first.loadAdapter(folder: folder.path + "/adapter")
        #expect(first.adapter?.r == 2)
    }
}
