import Models
import Tensors

/// What a training would take, foretold by running its code on a device that holds nothing.
package struct Forecast {
    /// The most bytes of tensors at a time: what `BackendMemory.peak` will show.
    package let peak: Int
    /// What these bytes are for.
    package let parts: [(part: MemoryPart, byteCount: Int)]
    /// The most bytes held from the system, with rounding and blocks kept for reuse.
    package let reserved: Int
    /// Bytes of mapped files in use; the system takes them back where memory is short.
    package let mapped: Int
    /// An update of an epoch after the first.
    package let workload: Workload
    /// An update of the first epoch, in which features are made.
    package let firstWorkload: Workload
    package let parameterCount: Int
    package let trainableCount: Int
    /// Examples and micro-batches of an update.
    package let exampleCount: Int
    package let microBatchCount: Int

    /// What the program takes beside tensors: code, tokenizer, pictures on their way.
    private static let program = 96 << 20

    /// The bytes that must be there for the training: mapped files are left out, since the system can take them back.
    ///
    /// A device of its own splits and joins its blocks, so that little more than the tensors is held there.
    package func needed(onHost: Bool) -> Int { onHost ? reserved + Self.program : peak + peak / 16 }

    /// Rehearses a training.
    ///
    /// - Parameters:
    ///   - device: what it would run on, with its rules.
    /// - Throws: as the training itself would, for arguments that make no sense.
    package init(_ request: TrainingRequest, on device: Device, _ rules: MemoryRules) throws(TrainingError) {
        let backend = RehearsalBackend(for: device, rules)
        let rehearsal = try Rehearsal(request, on: backend)
        try rehearsal.run()
        (workload, firstWorkload) = (rehearsal.workload, rehearsal.firstWorkload)
        let meter = backend.meter
        peak = meter.figures.peak
        parts = MemoryPart.allCases.map { ($0, meter.peakBytes[$0.rawValue]) }
        (reserved, mapped) = (meter.reservedPeak, meter.mapped)
        parameterCount = rehearsal.model.parameters.elementCount
        trainableCount = rehearsal.model.parameters.trainableElementCount
        (exampleCount, microBatchCount) = (rehearsal.exampleCount, rehearsal.sizes.count)
    }
}

/// The steps of a training in the order that a session takes them.
private final class Rehearsal {
    let model: PaliGemma
    /// The examples of each micro-batch of an update.
    let sizes: [Int]
    private(set) var workload = Workload()
    private(set) var firstWorkload = Workload()
    private let request: TrainingRequest
    private let backend: RehearsalBackend
    private let engine: UpdateEngine
    private let cache: FeatureCache
    /// What a session keeps, to undo the training.
    private let kept: ModelState
    private let tokens: [Int: TokenBatch]

    var exampleCount: Int { sizes.reduce(0, +) }

    init(_ request: TrainingRequest, on backend: RehearsalBackend) throws(TrainingError) {
        (self.request, self.backend) = (request, backend)
        let model = try modelErrors { () throws(ModelError) in
            let model = try request.model(on: backend)
            backend.meter.tag(Self.weights(model), .weights)
            model.parameters.freeze { request.freezes($0.name) }
            if let adapter = request.adapter { try model.attach(adapter, seed: 0) }
            return model
        }
        self.model = model
        Self.tag(model, on: backend)
        kept = model.keepState()
        var arguments = request.arguments
        arguments.maxSteps = 3
        arguments.warmupSteps = 0
        engine = try UpdateEngine(model, arguments, totalSteps: 3)
        Self.tag(model, on: backend)
        backend.meter.tag(engine.optimizer.slots.flatMap(\.moments).map(\.tensor), .moments)
        let owned = Self.ownedByteCount(kept, model)
        if owned > request.undoBudget { model.forgetKeptStates() }
        cache = FeatureCache(budget: request.featureBudget)
        let micro = arguments.perDeviceTrainBatchSize
        let inUpdate = min(micro * arguments.gradientAccumulationSteps, max(request.exampleCount, 1))
        sizes = stride(from: 0, to: inUpdate, by: micro).map { min(micro, inUpdate - $0) }
        var tokens: [Int: TokenBatch] = [:]
        for size in Set(sizes) {
            tokens[size] = try modelErrors { () throws(ModelError) in
                try Self.rows(size, request, model.configuration)
            }
        }
        self.tokens = tokens
    }

    /// The first update; one that makes features while those of all other pictures are kept; one that finds them kept.
    func run() throws(TrainingError) {
        try update(keyedFrom: 0)
        if model.hasFixedImageFeatures { try fillCache() }
        backend.workload = Workload()
        try update(keyedFrom: max(0, request.exampleCount - exampleCount))
        firstWorkload = backend.workload
        backend.workload = Workload()
        try update(keyedFrom: max(0, request.exampleCount - exampleCount))
        workload = backend.workload
        if request.arguments.evalStrategy != .no { try evaluate() }
    }

    private func update(keyedFrom first: Int) throws(TrainingError) {
        var key = first
        var group: [TrainingBatch] = []
        for size in sizes {
            group.append(try batch(size, keys: (key..<key + size).map(String.init)))
            key += size
        }
        _ = try engine.update(group)
        tagAll()
    }

    private func batch(_ size: Int, keys: [String]) throws(TrainingError) -> TrainingBatch {
        guard let rows = tokens[size] else { throw .nothingToTrain(reason: "a micro-batch has no examples") }
        guard model.hasFixedImageFeatures else {
            return TrainingBatch(tokens: rows, pictures: .pixels(try pixels(size)))
        }
        let features = try features(keys)
        backend.meter.tag([features] + cache.kept, .features)
        return TrainingBatch(tokens: rows, pictures: .features(features))
    }

    private func features(_ keys: [String]) throws(TrainingError) -> Tensor {
        try cache.features(under: keys) { (missing) throws(TrainingError) in
            let pixels = try self.pixels(missing.count)
            return try trainingErrors { () throws(TensorError) in try self.model.imageFeatures(pixels) }
        }
    }

    private func pixels(_ count: Int) throws(TrainingError) -> Tensor {
        let side = model.configuration.vision.imageSize
        return try trainingErrors { () throws(TensorError) in
            try Tensor(uninitialized: [count, 3, side, side], .float32, on: self.backend, label: "pixels")
        }
    }

    /// Keeps the features of all pictures but the last update's, as far as there is room.
    private func fillCache() throws(TrainingError) {
        let (vision, text) = (model.configuration.vision, model.configuration.text)
        let shape = [vision.patchCount, text.hiddenSize]
        let most = cache.budget / max(shape.product * model.elementType.byteCount, 1)
        for key in exampleCount..<max(exampleCount, min(request.exampleCount - exampleCount, most)) {
            let features = try trainingErrors { () throws(TensorError) in
                try Tensor(uninitialized: shape, self.model.elementType, on: self.backend)
            }
            cache.keep(features, of: String(key))
        }
        backend.meter.tag(cache.kept, .features)
    }

    /// The losses of a batch of an evaluation, and the beginning of its answers.
    private func evaluate() throws(TrainingError) {
        let size = min(request.arguments.perDeviceEvalBatchSize, max(request.exampleCount, 1))
        let lessons = try modelErrors { () throws(ModelError) in
            try Self.rows(size, self.request, self.model.configuration)
        }
        var prompt = request
        prompt.answerTokens = 0
        let prompts = try modelErrors { () throws(ModelError) in
            try Self.rows(size, prompt, self.model.configuration)
        }
        let features = try features((0..<size).map { "valid \($0)" })
        var options = GenerationOptions(endIDs: [])
        options.maxNewTokens = max(256, 2 * request.answerTokens)
        var steps = 0
        try trainingErrors { () throws(TensorError) in
            _ = try self.model.losses(lessons, features: features, weight: 1)
            _ = try self.model.generate(
                prompts, features: features, options, shouldStop: { steps > 2 }, observe: { _, _ in steps += 1 })
        }
    }

    /// Says anew what memory is for: weights that were copied are not the ones that are kept to undo.
    private func tagAll() {
        backend.meter.tag(kept.storages, .undo)
        Self.tag(model, on: backend)
        backend.meter.tag(engine.optimizer.slots.flatMap(\.moments).map(\.tensor), .moments)
    }

    private static func weights(_ model: PaliGemma) -> [Tensor] {
        model.parameters.parameters.map(\.value)
            + model.parameters.quantized.flatMap { weight -> [Tensor] in
                switch weight.matrix.scales {
                case .plain(let scales): [weight.matrix.codes, scales]
                case .nested(let nested): [weight.matrix.codes, nested.codes, nested.map, nested.outer]
                }
            }
    }

    private static func tag(_ model: PaliGemma, on backend: RehearsalBackend) {
        for parameter in model.parameters.parameters {
            let isAdapter = parameter.name.contains(".lora_")
            backend.meter.tag([parameter.value], isAdapter ? .adapters : .weights)
            backend.meter.tag([parameter.master].compactMap(\.self), .masters)
        }
    }

    /// The bytes of trained weights that a state to go back to holds besides what the model goes on with.
    private static func ownedByteCount(_ state: ModelState, _ model: PaliGemma) -> Int {
        let trained = Set(model.keptStoragesOfTraining.map { ObjectIdentifier($0) })
        return state.storages.filter { !$0.isAdopted && trained.contains(ObjectIdentifier($0)) }
            .reduce(0) { $0 + $1.byteCount }
    }

    /// Rows of image tokens, prompt and answer.
    private static func rows(
        _ count: Int, _ request: TrainingRequest, _ configuration: PaliGemmaConfiguration
    ) throws(ModelError) -> TokenBatch {
        let prompt =
            Array(repeating: Int32(configuration.imageTokenID), count: configuration.vision.patchCount)
            + Array(repeating: Int32(configuration.beginningID), count: max(request.promptTokens, 1))
        let answer = Array(repeating: Int32(configuration.endID), count: request.answerTokens)
        let padID = Int32(configuration.padID)
        if request.arguments.packedOrders > 1, !answer.isEmpty {
            let answers = Array(repeating: answer, count: request.arguments.packedOrders)
            return try TokenBatch(
                packing: Array(repeating: PackedRow(prompt: prompt, suffixes: answers), count: count), padID: padID)
        }
        return try TokenBatch(
            Array(repeating: TokenRow(prompt: prompt, suffix: answer), count: count), withLabels: !answer.isEmpty,
            padID: padID, .left)
    }
}
