import CSystem
import CUDABackend
import Console
import Models

/// `bench paligemma`: how fast the model is here.
struct BenchPaliGemmaCommand: Command {
    static let name = "bench paligemma"
    static let summary = "measure forward, prefill, decode, a LoRA step, pictures and memory at true widths"
    static let discussion = """
        Random weights are made in memory, with fewer layers than the published shape unless told otherwise; --checkpoint
        measures a folder instead, with its own layers. Prefill is image features, decoder over all tokens and the last
        logits. A LoRA step is forward from the pixels, backward and AdamW, with rank 8 on every linear layer of the language
        model; a full step trains the whole language model, weights and moments in its own type; half of the text is
        learned. Times are seconds with --json, memory is bytes.
        """
    static let examples = [
        "bench paligemma --parts pictures",
        "bench paligemma --shape paligemma2-3b-448 --vision-layers 2 --text-layers 2 --dtype float32",
    ]

    @OptionGroup var options: PaliGemmaBenchOptions

    mutating func run(_ context: CommandContext) throws {
        var stopwatch = Stopwatch(context: context, repeats: options.repeats)
        var rows: [Measurement] = []
        if options.parts.contains(where: \.needsModel) {
            let start = context.now()
            let model = try open(context)
            let verb = options.checkpoint == nil ? "make random weights" : "open the checkpoint"
            rows.append(Measurement(name: verb, first: nil, runs: [context.now() - start]))
            describe(model, context)
            if options.profile { stopwatch.profiled = try KernelWatch(model.backend) }
            rows += try measure(ModelBench(model, options), stopwatch)
        }
        if options.parts.contains(.pictures) {
            let side = try configuration(context).vision.imageSize
            rows += try PictureBench(imageSize: side, backend: context.backend()).measure(stopwatch)
        }
        var table = Measurement.table
        for row in rows { table.add(row.row) }
        try table.add(["peak memory", "-", Text(.memory(Self.peakMemory())), "-", "-"])
        if let backend = context.workspace[ComputeSlot.self], backend.device.kind != .cpu {
            table.add(["peak memory of the device", "-", Text(.memory(backend.memory.peak)), "-", "-"])
        }
        context.emit(.table(table))
        if let backend = context.workspace[ComputeSlot.self] as? CUDABackend, backend.refusedRecordingCount > 0 {
            context.warn("\(backend.refusedRecordingCount) decode steps could not be recorded, and ran call by call")
        }
    }

    private func measure(_ bench: ModelBench, _ stopwatch: Stopwatch) throws -> [Measurement] {
        var rows: [Measurement] = []
        if options.parts.contains(.forward) { rows += try bench.forward(stopwatch) }
        if options.parts.contains(.generate) { rows += try bench.generate(stopwatch) }
        // Before the adapter, which freezes everything else.
        if options.parts.contains(.full) { rows += try bench.trainLanguageModel(stopwatch) }
        if options.parts.contains(.lora) { rows += try bench.trainAdapter(stopwatch) }
        return rows
    }

    private func configuration(_ context: CommandContext) throws -> PaliGemmaConfiguration {
        if let checkpoint = options.checkpoint {
            return try PaliGemmaConfiguration(folder: context.resolveSample(checkpoint))
        }
        return try .named(options.shape, visionLayers: options.visionLayers, textLayers: options.textLayers)
    }

    private func open(_ context: CommandContext) throws -> PaliGemma {
        let backend = try context.backend()
        guard let checkpoint = options.checkpoint else {
            return try PaliGemma(
                random: configuration(context), seed: context.seed, elementType: options.dtype.elementType,
                quantization: quantization, backend: backend)
        }
        guard !options.$shape, !options.$visionLayers, !options.$textLayers else {
            throw Failure(
                code: "ConflictingOptions",
                message: "--checkpoint has a shape and layers of its own; leave out --shape and the layers",
                next: "help \(Self.name)")
        }
        return try PaliGemma(
            folder: context.resolveSample(checkpoint), elementType: options.dtype.elementType,
            quantization: quantization, backend: backend)
    }

    private var quantization: QuantizationConfiguration? {
        options.quantization == .nf4 ? QuantizationConfiguration() : nil
    }

    private func describe(_ model: PaliGemma, _ context: CommandContext) {
        let (vision, text) = (model.configuration.vision, model.configuration.text)
        context.emit(
            .fields(
                Fields([
                    (
                        "model",
                        "\(vision.layerCount) vision layers of \(vision.hiddenSize), \(text.layerCount) text layers of \(text.hiddenSize)"
                    ),
                    ("parameters", "\(model.parameters.elementCount.grouped)"),
                    ("type", model.typeText),
                    ("tokens", "\(vision.patchCount) image + \(options.textTokens) text, batch \(options.batch)"),
                    ("device", Text(.host(model.backend.device.signature))),
                    ("threads", Text(.host(threadText(context)))),
                ])))
    }

    private func threadText(_ context: CommandContext) -> String {
        context.settings.threads == 0 ? "all" : String(context.settings.threads)
    }

    private static func peakMemory() throws -> Int {
        var memory = csystem_memory()
        let status = csystem_read_memory(&memory)
        guard status == 0 else {
            throw Failure(code: "SystemError", message: "the system does not tell its memory (error \(Int(status)))")
        }
        return Int(clamping: memory.peak_resident)
    }
}
