import CPUBackend
import CUDABackend
import CUDATestSupport
import Datasets
import Detection
import Foundation
import Images
import JSON
import Models
import Tensors
import TestSupport

@testable import Training

/// A small random model, the sample's tokenizer and six noisy pictures: all that a run needs.
struct TinyRun {
    /// What of the model is trained.
    enum Trained: String, CaseIterable, Sendable {
        case languageModel, everything, adapter
    }

    let folder: ScratchFolder
    let processor: PaliGemmaProcessor
    let examples: [DetectionExample]
    private let configuration: PaliGemmaConfiguration

    init() throws {
        folder = try ScratchFolder()
        let sample = Folders.samples.appendingPathComponent("tiny-paligemma2").path
        for name in ["tokenizer.json", "tokenizer.model", "tokenizer_config.json", "added_tokens.json"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/\(name)", withDestinationPath: "\(sample)/\(name)")
        }
        configuration = try Self.configuration(like: PaliGemmaConfiguration(folder: sample))
        processor = try PaliGemmaProcessor(folder: folder.path, configuration: configuration)
        examples = try (0..<6).map { [folder] i in try Self.example(i, folder.path) }
    }

    /// A Gemma 2 of two layers under a tower of one, with the sample's vocabulary.
    private static func configuration(like sample: PaliGemmaConfiguration) throws -> PaliGemmaConfiguration {
        let json: JSON = [
            "model_type": "paligemma", "image_token_index": .integer(Int64(sample.imageTokenID)),
            "pad_token_id": .integer(Int64(sample.padID)), "eos_token_id": .integer(Int64(sample.endID)),
            "bos_token_id": .integer(Int64(sample.beginningID)),
            "text_config": [
                "model_type": "gemma2", "vocab_size": .integer(Int64(sample.text.vocabularySize)), "hidden_size": 16,
                "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
                "head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 6,
            ],
            "vision_config": [
                "model_type": "siglip_vision_model", "hidden_size": 12, "intermediate_size": 20,
                "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 28, "patch_size": 14,
            ],
        ]
        return try PaliGemmaConfiguration(json, file: "config.json")
    }

    private static func example(_ i: Int, _ folder: String) throws -> DetectionExample {
        var stream = RandomStream(seed: 5, purpose: "picture", step: UInt64(i))
        let picture = try ImageBuffer(
            width: 20, height: 16, pixels: (0..<960).map { _ in UInt8(truncatingIfNeeded: stream.next32()) })
        let path = "\(folder)/\(i).png"
        try picture.write(toPNG: path)
        let box = "<loc0100><loc0200><loc0\(300 + i)><loc0400> card"
        return DetectionExample(
            imagePath: path, imageName: "\(i).png", width: 20, height: 16, prefix: "detect card",
            suffix: Array(repeating: box, count: 1 + i % 3).joined(separator: " ; "), detections: .empty, line: i + 1)
    }

    /// The example with the boxes that its suffix says.
    func labelled(_ example: DetectionExample) -> DetectionExample {
        let boxes = LocationText.parse(
            example.suffix, imageWidth: example.width, imageHeight: example.height, classes: ["card"])
        return DetectionExample(
            imagePath: example.imagePath, imageName: example.imageName, width: example.width, height: example.height,
            prefix: example.prefix, suffix: example.suffix, detections: boxes.detections, line: example.line)
    }

    /// The model as a run finds it: the same weights each time.
    func model(
        _ trained: Trained = .languageModel, _ type: ElementType = .float32, threads: Int? = nil
    ) throws -> PaliGemma {
        let model = try PaliGemma(
            random: configuration, seed: 1, elementType: type, backend: Self.backend(type, threads: threads))
        switch trained {
        case .languageModel: model.parameters.freeze { !$0.name.hasPrefix("language_model.") }
        case .everything: break
        case .adapter:
            try model.attach(
                AdapterConfiguration(r: 2, targetModules: .languageModel(["q_proj", "down_proj"]), loraDropout: 0.1),
                seed: 2)
        }
        return model
    }

    /// A processor, or an emulated GPU for the type that processors do not multiply.
    private static func backend(_ type: ElementType, threads: Int?) throws -> any Backend {
        if type == .float16 { return try CUDABackend(EmulatedCUDA.options()) }
        var options = CPUOptions()
        options.threads = threads
        return try CPUBackend(options)
    }

    /// Six updates in two epochs, three a time, logged every four, each micro-batch one example.
    var arguments: TrainingArguments {
        var arguments = TrainingArguments()
        arguments.numTrainEpochs = 2
        arguments.perDeviceTrainBatchSize = 1
        arguments.gradientAccumulationSteps = 2
        arguments.warmupSteps = 1
        arguments.learningRate = 1e-2
        arguments.weightDecay = 0.01
        arguments.loggingSteps = 4
        return arguments
    }

    /// Pictures with room for their features.
    func loader(budget: Int = 1 << 20) -> PictureLoader {
        PictureLoader(processor, cache: FeatureCache(budget: budget))
    }

    func trainer(
        _ model: PaliGemma, _ arguments: TrainingArguments, loader: PictureLoader? = nil
    ) throws -> Trainer {
        try Trainer(model, processor, examples: examples, loader: loader ?? self.loader(), arguments)
    }
}

/// The bytes of every trained weight, by name.
func trainedBytes(_ model: PaliGemma) throws -> [String: [UInt8]] {
    var bytes: [String: [UInt8]] = [:]
    for parameter in model.parameters.trainable {
        bytes[parameter.name] = try (parameter.master ?? parameter.value).readBytes()
    }
    return bytes
}

/// The bytes of every file of a folder, by name.
func fileBytes(_ folder: String) throws -> [String: Data] {
    var bytes: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        bytes[name] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    return bytes
}

extension DetectionExample {
    /// The example with another answer.
    func with(suffix: String) -> DetectionExample {
        DetectionExample(
            imagePath: imagePath, imageName: imageName, width: width, height: height, prefix: prefix, suffix: suffix,
            detections: detections, line: line)
    }

    /// The example with every object called otherwise.
    func renamed(_ name: String) -> DetectionExample {
        DetectionExample(
            imagePath: imagePath, imageName: imageName, width: width, height: height, prefix: prefix,
            suffix: suffix.replacing("card", with: name),
            detections: Detections(
                boxes: detections.boxes, classIDs: detections.classIDs.map { _ in nil },
                classNames: detections.classNames.map { _ in name }
            ).withClassIDs(in: ["card", name]), line: line)
    }
}
