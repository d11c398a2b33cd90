import Models
import Tensors
import Training

/// Measures a model on random pixels and tokens.
struct ModelBench {
    private let model: PaliGemma
    private let options: PaliGemmaBenchOptions
    private let pixels: Tensor
    private let prompts: TokenBatch
    private let lessons: TokenBatch

    init(_ model: PaliGemma, _ options: PaliGemmaBenchOptions) throws {
        self.model = model
        self.options = options
        let side = model.configuration.vision.imageSize
        var stream = RandomStream(seed: 1, purpose: "bench pixels")
        let values = (0..<options.batch * 3 * side * side).map { _ in Float(stream.uniform(-1..<1)) }
        pixels = try Tensor(values, shape: [options.batch, 3, side, side], on: model.backend)
        prompts = try Self.tokens(model.configuration, options, suffixLength: 0)
        lessons = try Self.tokens(model.configuration, options, suffixLength: options.textTokens / 2)
    }

    /// Image features of the batch.
    func forward(_ stopwatch: Stopwatch) throws -> [Measurement] {
        [
            try stopwatch.measure("forward: image features") {
                _ = try model.imageFeatures(pixels)
                try model.backend.synchronize()
            }
        ]
    }

    /// From pixels to the first token, then one token after the other from the cache.
    func generate(_ stopwatch: Stopwatch) throws -> [Measurement] {
        let context = stopwatch.context
        var generation = GenerationOptions(endIDs: [])
        generation.maxNewTokens = options.newTokens + 1
        let interrupt = context.interrupt
        return try stopwatch.measure(["prefill", "decode, a token"]) {
            let start = context.now()
            var times: [Double] = []
            let features = try model.imageFeatures(pixels)
            _ = try model.generate(
                prompts, features: features, generation, shouldStop: { interrupt.isRequested },
                observe: { _, logits in
                    // Later steps wait for the ids of those before.
                    if times.isEmpty { try? logits.backend.synchronize() }
                    times.append(context.now())
                })
            try interrupt.check()
            let (first, last) = (times.first ?? start, times.last ?? start)
            return [first - start, (last - first) / Double(max(times.count - 1, 1))]
        }
    }

    /// Forward, backward and AdamW with an adapter of rank 8 on every linear layer of the language model.
    func trainAdapter(_ stopwatch: Stopwatch) throws -> [Measurement] {
        let usual = AdapterConfiguration.usualSuffixes
        try model.attach(AdapterConfiguration(r: 8, loraAlpha: 8, targetModules: .languageModel(usual)), seed: 1)
        defer { model.detachAdapter() }
        return try train("LoRA step", TrainingArguments(), stopwatch)
    }

    /// Forward, backward and AdamW of the language model, vision tower and projector frozen. Weights are updated in their own
    /// type, but those in float16 in float32.
    func trainLanguageModel(_ stopwatch: Stopwatch) throws -> [Measurement] {
        model.parameters.freeze { !$0.name.hasPrefix("language_model.") }
        var arguments = TrainingArguments()
        arguments.masterWeights = model.elementType == .float16 ? .float32 : .none
        return try train("full step, vision frozen", arguments, stopwatch)
    }

    private func train(
        _ name: String, _ arguments: TrainingArguments, _ stopwatch: Stopwatch
    ) throws -> [Measurement] {
        var arguments = arguments
        arguments.maxSteps = options.repeats + 1
        arguments.gradientCheckpointing = options.gradientCheckpointing
        let engine = try UpdateEngine(model, arguments, totalSteps: arguments.maxSteps)
        defer { engine.optimizer.release() }
        let batch = TrainingBatch(tokens: lessons, pictures: .pixels(pixels))
        var row = try stopwatch.measure(name) {
            _ = try engine.update([batch])
            try model.backend.synchronize()
        }
        row.operations = StepCost(model).operations([batch.shape])
        return [row]
    }

    /// Rows of image tokens, `<bos>`, random text, and a random suffix to learn.
    private static func tokens(
        _ configuration: PaliGemmaConfiguration, _ options: PaliGemmaBenchOptions, suffixLength: Int
    ) throws -> TokenBatch {
        let imageCount = configuration.vision.patchCount
        let length = imageCount + options.textTokens
        var stream = RandomStream(seed: 1, purpose: "bench tokens")
        let bound = min(configuration.text.vocabularySize, configuration.imageTokenID)
        let rows: [[Int32]] = (0..<options.batch).map { _ in
            let text = (1..<options.textTokens).map { _ in Int32(stream.integer(below: bound)) }
            return Array(repeating: Int32(configuration.imageTokenID), count: imageCount)
                + [Int32(configuration.beginningID)] + text
        }
        let suffix = length - suffixLength
        let labels = rows.flatMap { row in
            row.enumerated().map { $0.offset < suffix ? TokenBatch.ignoredLabel : $0.element }
        }
        return try TokenBatch(
            count: rows.count, length: length, ids: rows.flatMap(\.self),
            attends: Array(repeating: true, count: rows.count * length),
            types: rows.flatMap { row in row.indices.map { $0 < suffix ? 0 : 1 } },
            labels: suffixLength == 0 ? nil : labels)
    }
}
