import CPUBackend
import Checkpoints
import Foundation
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

/// A short run of transformers' Trainer on `pg2-tiny`: its log, and the weights after it.
///
/// Made by `Tests/Reference/training/make_training.py`; `fixtures/training/manifest.json` holds program, versions, seed
/// and command. Newest is release 5.23, whose losses are of capped logits, like 4.47's.
struct ReferenceRun: CustomTestStringConvertible, Sendable {
    let name: String
    let version: String

    var testDescription: String { "\(name) \(version)" }
    var isPeriod: Bool { version == "period" }
    var hasAdapter: Bool { name.hasSuffix("lora") }

    /// The content of CASE-VERSION.json.
    struct Record: Decodable {
        struct Arguments: Decodable {
            var learningRate: Double
            var warmupSteps: Int
            var warmupRatio: Double?
            var adamBeta2: Double
            var maxGradNorm: Double
            var perDeviceTrainBatchSize: Int
            var gradientAccumulationSteps: Int
            var numTrainEpochs: Double
            var maxSteps: Int?
            var optim: String
            var weightDecay: Double
        }
        struct Line: Decodable {
            var step: Int
            var loss: Double
            var learningRate: Double
            var gradNorm: Double
        }
        var arguments: Arguments
        var dtype: String
        var maxSteps: Int
        var log: [Line]
        var microLosses: [Double]
        var withoutDecay: [String]
    }

    func record() throws -> Record {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let file = Folders.fixtures.appendingPathComponent("training/\(name)-\(version).json")
        return try decoder.decode(Record.self, from: Data(contentsOf: file))
    }

    /// The tensors `after/KEY` and, of adapters, `before/KEY`.
    func weights() throws -> SafetensorsFile {
        try SafetensorsFile(
            path: Folders.fixtures.appendingPathComponent("training/\(name)-\(version).safetensors").path)
    }

    /// The arguments of the run, under our names.
    func arguments(_ record: Record) throws -> TrainingArguments {
        var arguments = TrainingArguments()
        let stored = record.arguments
        arguments.learningRate = stored.learningRate
        arguments.warmupSteps = stored.warmupSteps
        arguments.warmupRatio = stored.warmupRatio ?? 0
        arguments.adamBeta2 = stored.adamBeta2
        arguments.maxGradNorm = stored.maxGradNorm
        arguments.perDeviceTrainBatchSize = stored.perDeviceTrainBatchSize
        arguments.gradientAccumulationSteps = stored.gradientAccumulationSteps
        arguments.numTrainEpochs = stored.numTrainEpochs
        arguments.maxSteps = stored.maxSteps ?? -1
        arguments.optim = try #require(TrainingArguments.Optimizer(rawValue: stored.optim))
        arguments.weightDecay = stored.weightDecay
        arguments.masterWeights = record.dtype == "bfloat16" ? .none : .float32
        arguments.compatibility = isPeriod ? .period : .newest
        return arguments
    }

    /// The model as the run found it: tower and projector frozen, or an adapter attached.
    func model(_ record: Record, on backend: any Backend) throws -> PaliGemma {
        let model = try PaliGemma(
            folder: Folders.fixtures.appendingPathComponent("models/pg2-tiny").path,
            elementType: record.dtype == "bfloat16" ? .bfloat16 : .float32, backend: backend)
        model.options.compatibility = isPeriod ? .period : .newest
        if hasAdapter {
            try attachAdapter(to: model)
        } else {
            model.parameters.freeze { !$0.name.hasPrefix("language_model.") }
        }
        return model
    }

    /// The adapter of the `lora` runs with its weights before the run, which are in the fixture.
    private func attachAdapter(to model: PaliGemma) throws {
        let weights = try weights()
        let paths = try model.attach(AdapterConfiguration(r: 4, loraAlpha: 8), seed: 0)
        #expect(paths.count == 37)
        for parameter in model.parameters.trainable {
            let values = try weights.floats("before/base_model.model.\(parameter.name)")
            parameter.value = try Tensor(values, shape: parameter.shape, on: model.backend)
        }
    }
}

/// The ten examples of every run, in order.
struct ReferenceExamples {
    private let rows: [TokenRow]
    private let pixels: Tensor

    init(on backend: any Backend) throws {
        let file = try SafetensorsFile(path: Folders.fixtures.appendingPathComponent("training/data.safetensors").path)
        let width = try file.entry("input_ids").shape[1]
        let (ids, types) = (try file.integers("input_ids"), try file.integers("token_type_ids"))
        rows = try file.integers("lengths").enumerated().map { row, length in
            let places = row * width..<row * width + length
            return TokenRow(
                prompt: places.filter { types[$0] == 0 }.map { Int32(ids[$0]) },
                suffix: places.filter { types[$0] == 1 }.map { Int32(ids[$0]) })
        }
        pixels = try Tensor(file.floats("pixel_values"), shape: file.entry("pixel_values").shape, on: backend)
    }

    var count: Int { rows.count }

    /// A micro-batch, padded on the left.
    func batch(_ places: [Int]) throws -> TrainingBatch {
        TrainingBatch(
            tokens: try TokenBatch(places.map { rows[$0] }, withLabels: true, padID: 0, .left),
            pictures: .pixels(pixels.part(places[0]..<places[0] + places.count)))
    }

    /// The same with pixels that are up to half a bfloat16 unit other, by a draw's number.
    func batch(_ places: [Int], pixelNoise draw: Int) throws -> TrainingBatch {
        let exact = pixels.part(places[0]..<places[0] + places.count)
        var noise = RandomStream(seed: 40, purpose: "pixel noise", step: UInt64(draw))
        let values = try exact.floats().map { $0 * (1 + Float(noise.uniform() - 0.5) / 256) }
        let noisy = try Tensor(values, shape: exact.shape, on: exact.backend)
        return TrainingBatch(tokens: try batch(places).tokens, pictures: .pixels(noisy))
    }
}
