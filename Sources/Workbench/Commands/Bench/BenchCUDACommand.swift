import CPUBackend
import CUDABackend
import Console

/// `bench cuda`: whether the GPU computes what it should, and how fast.
struct BenchCUDACommand: Command {
    static let name = "bench cuda"
    static let summary = "compare every kernel on the GPU with the processor, and time the large ones"
    static let discussion = """
        Each kernel runs on random inputs of odd shapes in every type that the card has, twice; the error is the norm of the
        difference from float32 on the processor, over the norm. Rows are also computed alone and among others, which must give
        the same bits. Times are medians on the shapes of the 3B model at 448 pixels.
        """
    static let examples = ["bench cuda", "bench cuda --checks-only"]

    @OptionGroup var options: CUDABenchOptions

    mutating func run(_ context: CommandContext) throws {
        guard let backend = try context.backend() as? CUDABackend else {
            throw Failure(
                code: "DeviceError", message: "the session computes on the processor",
                next: "set --device cuda:0")
        }
        let wrong = try check(backend, context)
        if !options.checksOnly { try time(backend, context) }
        guard wrong == 0 else {
            throw Failure(code: "DeviceError", message: "\(wrong) checks of kernels failed on \(backend.device.name)")
        }
    }

    /// Compares every kernel with the processor; returns how many checks failed.
    private func check(_ backend: CUDABackend, _ context: CommandContext) throws -> Int {
        var table = Table("kernel", "type", "shapes", "error", "allowed", "result")
        var wrong = 0
        CUDASelfCheck.run(backend, against: try CPUBackend()) { finding in
            wrong += finding.isRight ? 0 : 1
            table.add([
                Text(finding.kernel), "\(finding.elementType.name)", "\(finding.shapeCount)",
                "\(finding.worstError, .scientific(1))", "\(finding.allowedError, .scientific(1))",
                Text(Self.verdict(finding)),
            ])
        }
        context.emit(.table(table))
        return wrong
    }

    private func time(_ backend: CUDABackend, _ context: CommandContext) throws {
        var times = Table("kernel", "median", "memory", "arithmetic")
        try CUDASelfCheck.time(backend) { timing in
            times.add([
                Text(timing.kernel), Text(.duration(timing.seconds)),
                Text(.rate(timing.bytesPerSecond / 1e9, unit: "GB/s")),
                timing.operationsPerSecond > 0
                    ? Text(.rate(timing.operationsPerSecond / 1e12, unit: "TFLOP/s")) : "-",
            ])
        }
        context.emit(.table(times))
    }

    private static func verdict(_ finding: CUDASelfCheck.Finding) -> String {
        if let problem = finding.problem { return problem }
        if finding.isRight { return "right" }
        return finding.isRepeatable ? "WRONG" : "NOT REPEATABLE"
    }
}

/// What `bench cuda` does, as a session's command and as the program's.
struct CUDABenchOptions: OptionGroupContents {
    @Flag("compare only, and time nothing: under a memory checker times say nothing") var checksOnly = false

    /// The same as a session's command line.
    var commandLine: String { BenchCUDACommand.name + (checksOnly ? " --checks-only" : "") }
}
