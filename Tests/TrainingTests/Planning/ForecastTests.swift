import CPUBackend
import CUDABackend
import CUDATestSupport
import Datasets
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("A forecast says what a training will take before it runs")
struct ForecastTests {
    /// A way to train the sample model.
    struct Setting: CustomTestStringConvertible, Sendable {
        var word: String
        var type = ElementType.float32
        var isQuantized = false
        var adapter: AdapterConfiguration?
        var freezesVision = true
        var batch = 1
        var accumulation = 1
        var optim = TrainingArguments.Optimizer.adamwTorch
        var isCheckpointing = false
        var hasMasters = true
        var packedOrders = 1

        var testDescription: String { word }

        static let all: [Setting] = [
            Setting(word: "all of the language model, float32"),
            Setting(word: "everything, float32, batch 2", freezesVision: false, batch: 2),
            Setting(word: "language model, bfloat16 with masters, batch 4", type: .bfloat16, batch: 4),
            Setting(
                word: "language model, bfloat16 alone, accumulated", type: .bfloat16, accumulation: 3, hasMasters: false
            ),
            Setting(word: "8-bit optimizer", type: .bfloat16, batch: 2, optim: .adamw8bit),
            Setting(word: "Adafactor, recomputed", batch: 2, optim: .adafactor, isCheckpointing: true),
            Setting(word: "LoRA", adapter: AdapterConfiguration(), batch: 2),
            Setting(
                word: "LoRA on the language model, bfloat16",
                type: .bfloat16,
                adapter: AdapterConfiguration(
                    r: 4, targetModules: .languageModel(AdapterConfiguration.usualSuffixes), loraDropout: 0.1),
                batch: 4),
            Setting(
                word: "LoRA, recomputed", type: .bfloat16, adapter: AdapterConfiguration(r: 16), batch: 4,
                isCheckpointing: true),
            Setting(
                word: "QLoRA, packed orders", type: .bfloat16, isQuantized: true,
                adapter: AdapterConfiguration(targetModules: .languageModel(AdapterConfiguration.usualSuffixes)),
                batch: 2, packedOrders: 3),
            Setting(
                word: "QLoRA, recomputed", isQuantized: true, adapter: AdapterConfiguration(), isCheckpointing: true),
        ]

        var arguments: TrainingArguments {
            var arguments = TrainingArguments()
            arguments.maxSteps = 3
            (arguments.perDeviceTrainBatchSize, arguments.gradientAccumulationSteps) = (batch, accumulation)
            (arguments.optim, arguments.gradientCheckpointing) = (optim, isCheckpointing)
            arguments.masterWeights = hasMasters ? .float32 : .none
            arguments.packedOrders = packedOrders
            return arguments
        }

        var quantization: QuantizationConfiguration? { isQuantized ? QuantizationConfiguration() : nil }

        func freezes(_ name: String) -> Bool {
            freezesVision && (name.hasPrefix("vision_tower.") || name.hasPrefix("multi_modal_projector."))
        }
    }

    private static let sample = Folders.samples.appendingPathComponent("tiny-paligemma2").path

    /// Six examples with answers of one length.
    private func examples(_ tiny: TinyRun) -> [DetectionExample] {
        tiny.examples.map {
            DetectionExample(
                imagePath: $0.imagePath, imageName: $0.imageName, width: $0.width, height: $0.height,
                prefix: $0.prefix, suffix: tiny.examples[2].suffix, detections: .empty, line: $0.line)
        }
    }

    private func request(_ setting: Setting, _ processor: PaliGemmaProcessor, _ example: DetectionExample)
        -> TrainingRequest
    {
        var request = TrainingRequest(.folder(Self.sample))
        (request.elementType, request.quantization) = (setting.type, setting.quantization)
        request.freezes = setting.freezes
        (request.adapter, request.arguments) = (setting.adapter, setting.arguments)
        request.promptTokens = processor.promptIDs(example.prefix).count - processor.imageTokenCount
        request.answerTokens = processor.suffixIDs(example.suffix).count
        request.exampleCount = 6
        return request
    }

    @Test("the peak of a training's tensors is foretold to the byte, or a little above", arguments: Setting.all)
    func peak(_ setting: Setting) throws {
        let tiny = try TinyRun()
        let backend = try CPUBackend()
        let processor = try PaliGemmaProcessor(
            folder: Self.sample, configuration: PaliGemmaConfiguration(folder: Self.sample))
        let examples = examples(tiny)
        let request = request(setting, processor, examples[0])
        let forecast = try Forecast(request, on: backend.device, backend.memoryRules)
        #expect(backend.memory.peak == 0, "a forecast takes no memory of the device")

        let model = try PaliGemma(
            folder: Self.sample, elementType: setting.type, quantization: setting.quantization, backend: backend)
        model.parameters.freeze { setting.freezes($0.name) }
        if let adapter = setting.adapter { try model.attach(adapter, seed: 1) }
        let kept = model.keepState()
        let trainer = try Trainer(
            model, processor, examples: examples,
            loader: PictureLoader(processor, cache: FeatureCache(budget: request.featureBudget)), setting.arguments)
        _ = try trainer.run()
        _ = kept.storages
        let measured = backend.memory.peak
        let error = Double(forecast.peak) / Double(measured) - 1
        print("forecast: \(setting.word): \(forecast.peak) predicted, \(measured) measured, \(100 * error) %")
        #expect(abs(error) < 0.1, "\(forecast.peak) foretold, \(measured) measured")
        #expect(forecast.parts.reduce(0) { $0 + $1.byteCount } == forecast.peak)
        #expect(forecast.trainableCount == model.parameters.trainableElementCount)
    }

    @Test(
        "what an optimizer keeps is foretold to the byte, on a GPU too",
        arguments: TrainingArguments.Optimizer.allCases)
    func moments(optim: TrainingArguments.Optimizer) throws {
        let tiny = try TinyRun()
        let processor = try PaliGemmaProcessor(
            folder: Self.sample, configuration: PaliGemmaConfiguration(folder: Self.sample))
        let setting = Setting(word: "language model, bfloat16", type: .bfloat16, optim: optim)
        for backend in [try CPUBackend(), try CUDABackend(EmulatedCUDA.options())] as [any Backend] {
            let forecast = try Forecast(
                request(setting, processor, examples(tiny)[0]), on: backend.device, backend.memoryRules)
            let model = try PaliGemma(folder: Self.sample, elementType: setting.type, backend: backend)
            model.parameters.freeze { setting.freezes($0.name) }
            let before = backend.memory.allocated
            let optimizer = try WeightOptimizer(model.parameters.trainable, setting.arguments)
            let taken = backend.memory.allocated - before
            let foretold = forecast.parts.reduce(0) {
                $1.part == .moments || $1.part == .masters ? $0 + $1.byteCount : $0
            }
            #expect(taken == foretold, "\(backend.device.kind)")
            #expect(!optimizer.slots.isEmpty)
        }
    }

    @Test("updates are counted and timed as each optimizer makes them", arguments: TrainingArguments.Optimizer.allCases)
    func updateTimes(optim: TrainingArguments.Optimizer) throws {
        let device = try CPUBackend()
        let backend = RehearsalBackend(for: device.device, device.memoryRules)
        let weight = Parameter(name: "w", value: try Tensor(uninitialized: [64, 128], .bfloat16, on: backend))
        var arguments = TrainingArguments()
        arguments.optim = optim
        let optimizer = try WeightOptimizer([weight], arguments)
        _ = try weight.gradientTarget()
        backend.workload = Workload()
        try optimizer.update(learningRate: 0.1, gradientNorm: 1)
        let stream: Workload.Stream =
            switch optim {
            case .adamwTorch, .adamwHF: .adamW
            case .adamw8bit: .blockwiseAdamW
            case .sgd: .gradientDescent
            case .adafactor: .adafactor
            }
        #expect(backend.workload.elements == [Workload.Pass(stream: stream, elementType: .float32): 8192])
        let (clock, start) = (ContinuousClock(), ContinuousClock.now)
        let timer = DeviceClock(for: device) { (clock.now - start) / .seconds(1) }
        #expect(try timer.seconds(of: backend.workload) > 0)
    }

    @Test("more is taken by larger batches and pictures, less with layers recomputed, 8 bits, 4 bits")
    func directions() throws {
        let backend = try CPUBackend()
        let shape = try PaliGemmaConfiguration.named("paligemma2-3b-224", visionLayers: 1, textLayers: 4)
        func peak(_ change: (inout TrainingRequest) -> Void) throws -> Int {
            var request = TrainingRequest(.shape(shape))
            request.elementType = .bfloat16
            request.freezes = { !$0.hasPrefix("language_model.") }
            request.adapter = AdapterConfiguration(targetModules: .languageModel(["q_proj"]))
            request.arguments.perDeviceTrainBatchSize = 4
            change(&request)
            return try Forecast(request, on: backend.device, backend.memoryRules).peak
        }
        let plain = try peak { _ in }
        #expect(try peak { $0.arguments.perDeviceTrainBatchSize = 8 } > plain)
        #expect(try peak { $0.imageSize = 448 } > plain)
        #expect(try peak { $0.arguments.gradientCheckpointing = true } < plain)
        #expect(try peak { $0.quantization = QuantizationConfiguration() } < plain)
        let full = try peak { $0.adapter = nil }
        #expect(full > plain)
        #expect(try peak { ($0.adapter, $0.arguments.optim) = (nil, .adamw8bit) } < full)
        // A device that copies files takes their bytes too.
        var rules = backend.memoryRules
        (rules.copiesAdopted, rules.packedByteCount) = (true, { _, _, _ in 0 })
        let copied = try Forecast(
            TrainingRequest(.shape(shape)), on: Device(kind: .cuda, index: 0, name: "", variant: ""), rules)
        let weights = try #require(copied.parts.first { $0.part == .weights })
        #expect(weights.byteCount >= 4 * copied.parameterCount)
        #expect(backend.memory.peak == 0)
    }

    @Test("a search keeps what was asked for if it fits, and else gives up as little as it can")
    func search() throws {
        let backend = try CPUBackend()
        let (device, rules) = (backend.device, backend.memoryRules)
        var request = TrainingRequest(
            .shape(try .named("paligemma2-3b-224", visionLayers: 1, textLayers: 6)))
        request.elementType = .bfloat16
        request.freezes = { !$0.hasPrefix("language_model.") }
        request.arguments.perDeviceTrainBatchSize = 8
        func found(_ budget: Int) throws -> PlanSearch.Found {
            try PlanSearch(budget: budget, device: device, rules: rules).plan(for: request)
        }
        let all = try Forecast(request, on: device, rules).needed(onHost: true)
        #expect(try found(all).savings.isEmpty && found(all).fits)
        let batch = try found(all - 1)
        #expect(batch.savings == [.smallerBatch] && batch.fits)
        let arguments = batch.request.arguments
        #expect(arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps == 8)
        var last = all
        var seen: Set<PlanSearch.Saving> = []
        for share in stride(from: 0.9, to: 0.05, by: -0.1) {
            let plan = try found(Int(share * Double(all)))
            let needed = plan.forecast.needed(onHost: true)
            #expect(plan.fits == (needed <= Int(share * Double(all))))
            if plan.fits { #expect(needed <= last) }
            (last, seen) = (needed, seen.union(plan.savings))
        }
        #expect(seen.isSuperset(of: [.smallerBatch, .checkpointing, .adapter, .fourBits]))
        #expect(try !found(1 << 20).fits)
    }
}
