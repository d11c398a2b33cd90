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
    static let examples = ["bench cuda", "bench cuda --checks-only --kernels attention,norm"]

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

    /// Compares kernels with the processor, and tells of each as it is done; returns how many checks failed.
    private func check(_ backend: CUDABackend, _ context: CommandContext) throws -> Int {
        var (count, wrong) = (0, 0)
        CUDASelfCheck.run(backend, against: try CPUBackend(), where: options.selects) { finding in
            count += 1
            wrong += finding.isRight ? 0 : 1
            context.emit(
                .text(
                    """
                    \(finding.kernel), \(finding.elementType.name): \(Self.verdict(finding)), shapes \
                    \(finding.shapeCount), error \(finding.worstError, .scientific(1)) of \
                    \(finding.allowedError, .scientific(1))
                    """))
        }
        guard count > 0 else {
            throw Failure(
                code: "UsageError", message: "no kernel has any of --kernels in its name",
                next: "bench cuda --checks-only names all of them")
        }
        context.emit(.text("\(count) checks, \(wrong) of them failed"))
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
    @Option("compare only kernels with one of these in their name, as attention or norm") var kernels: [String] = []

    /// Whether a kernel is to be compared.
    func selects(_ kernel: String) -> Bool {
        kernels.isEmpty || kernels.contains { kernel.lowercased().contains($0.lowercased()) }
    }

    /// The same as a session's command line.
    var commandLine: String {
        var words = [BenchCUDACommand.name]
        if checksOnly { words.append("--checks-only") }
        if !kernels.isEmpty { words += ["--kernels", Literal.quoted(kernels.joined(separator: ","))] }
        return words.joined(separator: " ")
    }
}
