import Console
import Models
import Tensors
import Training

/// `resources plan`: what a training will take, before anything is loaded.
struct ResourcesPlanCommand: Command {
    static let name = "resources plan"
    static let summary = "foretell the memory and time of a training before anything is loaded, and find one that fits"
    static let discussion = """
        Only config.json and the headers of weight files are read. The code that trains is run on a device that holds nothing
        and counts what it is asked for, so that the table says where the bytes of the worst moment go. The time of an update
        comes from the same count and from each kind of work timed once on this device. Options are those of `model load`,
        `model freeze`, `model adapt` and `train`. Where the training does not fit into --memory, the commands of one that fits
        are printed.
        """
    static let examples = [
        "resources plan --dtype bfloat16 --r 8", "resources plan --shape paligemma2-3b-448 --memory 8GB --untimed",
    ]

    @Argument("the checkpoint's folder", completion: .anyOf([.live(.checkpoints), .folder])) var folder = Path(
        SampleFolders.modelName)
    @OptionGroup var options: PlanOptions
    @Option("memory that the training may need, such as 8GB; what is available if not given") var memory: ByteCount?
    @Flag("leave the time out, which takes some seconds to measure") var untimed = false

    mutating func run(_ context: CommandContext) throws {
        let backend = try context.backend()
        let request = try options.request(folder, context)
        let (device, rules) = (backend.device, backend.memoryRules)
        let forecast = try Forecast(request, on: device, rules)
        let budget = try memory?.bytes ?? Self.available(backend)
        let search = PlanSearch(budget: budget, device: device, rules: rules)
        context.emit(.table(Self.table(forecast)))
        let clock = DeviceClock(for: backend, now: context.now)
        context.emit(.fields(try fields(forecast, search, budget, clock)))
        guard search.needed(forecast) > budget else { return }
        let found = try search.plan(for: request)
        let changes = found.savings.map(\.name).joined(separator: "; ")
        guard found.fits else {
            context.warn("nothing fits: the smallest plan needs \(.memory(search.needed(found.forecast))) (\(changes))")
            return
        }
        let time: Text = untimed ? "" : ", \(.duration(try clock.seconds(of: found.forecast.workload))) an update"
        context.say("fits with \(.memory(search.needed(found.forecast)))\(time): \(changes)")
        context.say(Text(commands(found.request).joined(separator: "\n")))
    }

    /// What a device can still take.
    private static func available(_ backend: any Backend) throws -> Int {
        if backend.device.kind == .cpu { return try MemoryFigures().free }
        return max(0, (backend.capacity ?? .max) - backend.memory.allocated)
    }

    private static func table(_ forecast: Forecast) -> Table {
        var table = Table("at the worst moment", "bytes", "share")
        for (part, byteCount) in forecast.parts where byteCount > 0 {
            let share = Double(byteCount) / Double(max(forecast.peak, 1))
            table.add(["\(part.name)", Text(.memory(byteCount)), "\(.rate(100 * share, unit: "%"))"])
        }
        table.add(["all", Text(.memory(forecast.peak)), ""])
        return table
    }

    private func fields(
        _ forecast: Forecast, _ search: PlanSearch, _ budget: Int, _ clock: DeviceClock
    ) throws -> Fields {
        var fields = Fields([
            (
                "trained",
                "\(forecast.trainableCount.grouped) of \(forecast.parameterCount.grouped) parameters, "
                    + "\(forecast.exampleCount.counting("example")) an update in \(forecast.microBatchCount.counting("pass"))"
            ),
            ("tensors at most", Text(.memory(forecast.peak))),
            ("held from the system", Text(.memory(forecast.reserved))),
        ])
        if forecast.mapped > 0 { fields.add("mapped files", "\(.memory(forecast.mapped)), which can be given back") }
        let needed = search.needed(forecast)
        fields.add(
            "needed", "\(.memory(needed)) of \(.memory(budget)): \(needed <= budget ? "fits" : "does not fit")")
        fields.add(
            "operations", "\(forecast.workload.operations / 1e9, .fixed(1)) GFLOP an update")
        guard !untimed else { return fields }
        let seconds = try clock.seconds(of: forecast.workload)
        fields.add("time", "\(.duration(seconds)) an update")
        let first = try clock.seconds(of: forecast.firstWorkload)
        if first > 1.02 * seconds { fields.add("in the first epoch", "\(.duration(first)) an update") }
        return fields
    }

    /// The commands of a training, to be typed.
    private func commands(_ request: TrainingRequest) -> [String] {
        var load = ["model load", options.shape == nil ? Literal.quoted(folder.text) : "FOLDER"]
        load += ["--dtype", options.dtype.rawValue]
        if let quantization = request.quantization {
            load += ["--quantization nf4"]
            if !quantization.useDoubleQuant { load += ["--scales plain"] }
            if let names = quantization.skipModules { load += ["--skip-modules", names.joined(separator: ",")] }
            if let type = quantization.computeType { load += ["--compute-dtype", type.name] }
        }
        var lines = [load.joined(separator: " ")]
        if let adapter = request.adapter {
            lines.append(adaptCommand(adapter))
        } else if !options.freeze.isEmpty {
            lines.append("model freeze " + options.freeze.map(Literal.quoted).joined(separator: " "))
        }
        lines.append(trainCommand(request.arguments))
        return lines
    }

    private func adaptCommand(_ adapter: AdapterConfiguration) -> String {
        var words = ["model adapt --r \(adapter.r)"]
        if options.r == nil || options.languageOnly { words.append("--language-only") }
        if options.$targetModules { words.append("--target-modules " + options.targetModules.joined(separator: ",")) }
        if adapter.useDora { words.append("--use-dora") }
        if adapter.loraDropout > 0 { words.append("--lora-dropout \(adapter.loraDropout)") }
        if let names = adapter.modulesToSave { words.append("--modules-to-save " + names.joined(separator: ",")) }
        return words.joined(separator: " ")
    }

    private func trainCommand(_ arguments: TrainingArguments) -> String {
        var words = [
            "train --per-device-train-batch-size \(arguments.perDeviceTrainBatchSize)",
            "--gradient-accumulation-steps \(arguments.gradientAccumulationSteps)",
        ]
        if arguments.gradientCheckpointing { words.append("--gradient-checkpointing") }
        if arguments.optim != .adamwTorch { words.append("--optim \(arguments.optim.rawValue)") }
        if arguments.masterWeights == .none { words.append("--master-weights none") }
        if arguments.packedOrders > 1 { words.append("--packed-orders \(arguments.packedOrders)") }
        if arguments.evalStrategy != .no {
            words.append(
                "--eval-strategy \(arguments.evalStrategy.rawValue) --per-device-eval-batch-size \(arguments.perDeviceEvalBatchSize)"
            )
        }
        return words.joined(separator: " ")
    }
}
