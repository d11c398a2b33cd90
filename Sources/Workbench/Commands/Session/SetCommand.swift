import Console

/// `set`: the session's settings.
struct SetCommand: Command {
    static let name = "set"
    static let summary = "show the session's settings, or change some"
    static let discussion = """
        Settings hold until they are changed again. They are also options of the program: palinote --threads 2.
        A model that is loaded keeps the settings it was loaded with.
        """
    static let examples = ["set", "set --images off", "set --threads 2 --isa portable", "set --pager off"]

    @Option("processors to use; 0 for all") var threads: Int?
    @Option("instruction set to compute with") var isa: SessionSettings.InstructionSet?
    @Option("library that multiplies matrices") var gemm: SessionSettings.MatrixLibrary?
    @Option("device to compute on; auto takes a GPU where there is one") var device: DeviceChoice?
    @Option("how a terminal shows pictures") var images: SessionSettings.Pictures?
    @Option("whether the shell shows long output page by page") var pager: SessionSettings.Pager?
    @Option("memory for states to go back to, besides the present one", unit: "MiB") var undoBudget: Int?
    @Option("how often a training writes a checkpoint into the journal", unit: "seconds") var journalEvery: Double?

    mutating func run(_ context: CommandContext) throws {
        var settings = context.allSettings
        if let threads {
            guard (0...1024).contains(threads) else {
                throw Failure(code: "UsageError", message: "--threads is \(threads), expected 0 to 1024")
            }
            settings.threads = threads
        }
        if let isa { settings.isa = isa }
        if let gemm { settings.gemm = gemm }
        if let device { settings.device = device }
        if let images { settings.pictures = images }
        if let pager { settings.pager = pager }
        if let undoBudget {
            guard (0...1 << 20).contains(undoBudget) else {
                throw Failure(code: "UsageError", message: "--undo-budget is \(undoBudget), expected 0 to 1048576")
            }
            settings.undoBudget = undoBudget
        }
        if let journalEvery {
            guard (0...86400).contains(journalEvery) else {
                throw Failure(code: "UsageError", message: "--journal-every is \(journalEvery), expected 0 to 86400")
            }
            settings.journalEvery = journalEvery
        }
        context.session.settings = settings
        context.emit(
            .fields(
                Fields([
                    ("seed", Text(String(settings.seed))), ("device", Text(settings.device.name)),
                    ("threads", settings.threads == 0 ? "all" : "\(settings.threads)"),
                    ("isa", Text(settings.isa.rawValue)), ("gemm", Text(settings.gemm.rawValue)),
                    ("images", Text(settings.pictures.rawValue)), ("pager", Text(settings.pager.rawValue)),
                    ("undo-budget", "\(settings.undoBudget.grouped) MiB"),
                    ("journal-every", "\(settings.journalEvery, .fixed(1)) s"),
                ])))
    }
}

/// `seed`: where random streams start.
struct SeedCommand: Command {
    static let name = "seed"
    static let summary = "show the seed of all random streams, or set it"
    static let examples = ["seed", "seed 42"]

    @Argument("a whole number from 0") var value: UInt64?

    mutating func run(_ context: CommandContext) throws {
        if let value { context.session.settings.seed = value }
        context.say("seed \(String(value ?? context.seed))")
    }
}
