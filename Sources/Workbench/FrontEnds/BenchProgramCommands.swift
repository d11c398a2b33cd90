import Console

/// `palinote bench paligemma`: the session's command of that name, in a session of its own.
struct BenchPaliGemmaProgramCommand: Command {
    static let name = BenchPaliGemmaCommand.name
    static let summary = BenchPaliGemmaCommand.summary
    static let discussion = BenchPaliGemmaCommand.discussion
    static let examples = BenchPaliGemmaCommand.examples.map { "palinote " + $0 + " --json" }

    @OptionGroup var bench: PaliGemmaBenchOptions
    @OptionGroup var options: GlobalOptions

    mutating func run(_ context: ProgramContext) throws {
        try context.runInSession(bench.commandLine, options)
    }
}

/// `palinote bench cuda`: the session's command of that name, in a session of its own.
struct BenchCUDAProgramCommand: Command {
    static let name = BenchCUDACommand.name
    static let summary = BenchCUDACommand.summary
    static let discussion = BenchCUDACommand.discussion
    static let examples = ["palinote bench cuda --device cuda:0"]

    @OptionGroup var bench: CUDABenchOptions
    @OptionGroup var options: GlobalOptions

    mutating func run(_ context: ProgramContext) throws {
        try context.runInSession(bench.commandLine, options)
    }
}

extension ProgramContext {
    /// Runs a session's command in a session of its own.
    fileprivate func runInSession(_ line: String, _ options: GlobalOptions) throws {
        let printer = OutputPrinter(surroundings, options)
        note(try makeSession(options, printer: printer).execute(line))
    }
}
