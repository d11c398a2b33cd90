import CPUBackend
import Checkpoints
import Foundation
import Models
import Tensors
import TestSupport
import Testing

/// A fixture of a tiny random model: inputs, and what the reference made of them.
///
/// Made by `Tests/Reference/models/make_models.py` and `make_generation.py`; `fixtures/models/manifest.json` holds
/// program, versions, seed and command of each.
struct ReferenceCase: CustomTestStringConvertible, Sendable {
    let model: String
    let version: String
    let name: String

    var testDescription: String { "\(model) \(version) \(name)" }

    /// The fixture's tensors.
    func file() throws -> SafetensorsFile {
        try SafetensorsFile(path: Fixture.path("models/\(model)-\(version)-\(name).safetensors"))
    }

    /// The model under the options that the fixture was made with.
    func load(_ type: ElementType = .float32, on backend: any Backend) throws -> PaliGemma {
        let loaded = try Fixture.model(model, type, on: backend)
        loaded.options.compatibility = version == "period" ? .period : .newest
        loaded.options.finalSoftCap = name == "uncapped" ? .off : .config
        loaded.options.slidingWindow = name.hasSuffix("window-off") ? .off : .config
        return loaded
    }

    /// Cases of both models and both releases.
    ///
    /// In training, release 4.47 lets every query see padding on the right too, which no range of keys says; its
    /// `right` is left out (docs/numerics.md, point 12).
    static func all(_ names: [String]) -> [ReferenceCase] {
        ["pg2-tiny", "pg1-tiny"].flatMap { model in
            ["newest", "period"].flatMap { version in
                names.filter { version == "newest" || $0 != "right" }
                    .map { ReferenceCase(model: model, version: version, name: $0) }
            }
        }
    }
}

/// What the tiny models' suites share.
enum Fixture {
    /// The path of a file below the fixtures.
    static func path(_ name: String) -> String { Folders.fixtures.appendingPathComponent(name).path }

    /// A tiny random model.
    static func model(
        _ name: String = "pg2-tiny", _ type: ElementType = .float32, on backend: any Backend
    ) throws -> PaliGemma {
        try PaliGemma(folder: path("models/\(name)"), elementType: type, backend: backend)
    }

    /// A backend of a number of threads.
    static func backend(threads: Int) throws -> CPUBackend {
        var options = CPUOptions()
        options.threads = threads
        return try CPUBackend(options)
    }
}

extension SafetensorsFile {
    /// The token rows of a fixture.
    func tokens() throws -> TokenBatch { try TokenBatch(traceFile: self) }

    /// The pictures of a fixture, `[B, 3, S, S]`.
    func pixels(on backend: any Backend) throws -> Tensor {
        try Tensor(floats("pixel_values"), shape: entry("pixel_values").shape, on: backend)
    }
}

extension PaliGemma {
    /// Every float32 tensor of a trace, by name.
    func traced(
        _ file: SafetensorsFile, gradients: TracedGradients = .none
    ) throws -> [String: [Float]] {
        var results: [String: [Float]] = [:]
        for source in try trace(file.tokens(), pixels: file.pixels(on: backend), gradients: gradients)
        where source.elementType == .float32 {
            var bytes: [UInt8] = []
            try source.produce { bytes.append(contentsOf: $0) }
            results[source.name] = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        }
        return results
    }
}

/// The bit patterns of numbers, so that equal means equal.
func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

/// The rows of `values` whose flag is set.
func rows(_ values: [Float], where kept: [Bool]) -> [Float] {
    let width = values.count / max(kept.count, 1)
    return kept.indices.filter { kept[$0] }.flatMap { values[$0 * width..<($0 + 1) * width] }
}
