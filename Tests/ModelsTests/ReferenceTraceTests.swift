import CPUBackend
import Checkpoints
import Foundation
import Models
import Tensors
import TestSupport
import Testing

/// A fixture of a tiny random model: inputs and what the reference made of them.
struct ReferenceCase: CustomTestStringConvertible, Sendable {
    let model: String
    let version: String
    let name: String

    var testDescription: String { "\(model) \(version) \(name)" }

    func file() throws -> SafetensorsFile {
        try SafetensorsFile(
            path: Folders.fixtures.appendingPathComponent("models/\(model)-\(version)-\(name).safetensors").path)
    }

    func load(_ type: ElementType = .float32, on backend: any Backend) throws -> PaliGemma {
        let loaded = try PaliGemma(
            folder: Folders.fixtures.appendingPathComponent("models/\(model)").path, elementType: type, backend: backend
        )
        loaded.options.compatibility = version == "period" ? .period : .newest
        loaded.options.finalSoftCap = name == "uncapped" ? .off : .config
        return loaded
    }

    /// Cases of both models and both releases.
    ///
    /// Release 4.47 lets every query see padding on the right too, which no mask here says: those are left out.
    static func all(_ names: [String]) -> [ReferenceCase] {
        ["pg2-tiny", "pg1-tiny"].flatMap { model in
            ["newest", "period"].flatMap { version in
                names.filter { version == "newest" || $0 != "right" }
                    .map { ReferenceCase(model: model, version: version, name: $0) }
            }
        }
    }
}

@Suite("PaliGemma against the reference")
struct ReferenceTraceTests {
    /// Runs the trace of a fixture's inputs.
    func trace(
        _ fixture: ReferenceCase, _ type: ElementType = .float32, gradients: PaliGemma.TracedGradients = .none
    ) throws -> (file: SafetensorsFile, results: [String: [Float]]) {
        let backend = try CPUBackend()
        let file = try fixture.file()
        let model = try fixture.load(type, on: backend)
        let pixels = try Tensor(
            file.floats("pixel_values"), shape: file.entry("pixel_values").shape, on: backend)
        let sources = try model.trace(TokenBatch(traceFile: file), pixels: pixels, gradients: gradients)
        let folder = try TemporaryFolder()
        try SafetensorsWriter.write(sources, to: folder.path + "/trace.safetensors")
        let written = try SafetensorsFile(path: folder.path + "/trace.safetensors")
        var results: [String: [Float]] = [:]
        for name in written.names where written.entries[name]?.elementType == .float32 {
            results[name] = try written.floats(name)
        }
        return (file, results)
    }

    @Test(
        "every intermediate is within 1e-4 of its range",
        arguments: ReferenceCase.all(["single", "left", "right", "prompt", "prompt-left"]))
    func intermediates(_ fixture: ReferenceCase) throws {
        let (file, results) = try trace(fixture)
        let attends = try file.integers("attention_mask").map { $0 != 0 }
        for name in file.names where file.entries[name]?.elementType == .float32 {
            let expected = try file.floats(name)
            let actual = try #require(results[name], "no \(name)")
            if name == "loss" {
                #expect(
                    abs(Double(actual[0] - expected[0])) <= 1e-4 * abs(Double(expected[0])),
                    "loss \(actual[0]) expected \(expected[0])")
                continue
            }
            let perToken = name == "logits" || name.hasPrefix("hidden_")
            let width = perToken ? expected.count / attends.count : 0
            let places =
                perToken
                ? attends.indices.filter { attends[$0] }.flatMap { $0 * width..<($0 + 1) * width }
                : Array(expected.indices)
            let distance = rangeDistance(places.map { actual[$0] }, places.map { expected[$0] })
            #expect(distance <= 1e-4, "\(name) is off by \(distance) of its range")
        }
    }

    @Test(
        "every gradient is within 1e-3 relative",
        arguments: [
            ReferenceCase(model: "pg2-tiny", version: "newest", name: "gradients"),
            ReferenceCase(model: "pg1-tiny", version: "newest", name: "gradients"),
            ReferenceCase(model: "pg2-tiny", version: "period", name: "gradients"),
        ])
    func gradients(_ fixture: ReferenceCase) throws {
        let (file, results) = try trace(fixture, gradients: .all)
        // A key's bias shifts all scores of a query alike, so its gradient is zero but for rounding.
        for name in file.names where name.hasPrefix("grad/") && !name.hasSuffix("k_proj.bias") {
            let distance = relativeDistance(try #require(results[name], "no \(name)"), try file.floats(name))
            #expect(distance <= 1e-3, "\(name) is off by \(distance)")
        }
    }
}
