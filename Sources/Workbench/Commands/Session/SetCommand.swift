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
    @Option("kind of device to compute on") var device: SessionSettings.Device?
    @Option("how a terminal shows pictures") var images: SessionSettings.Pictures?
    @Option("whether the shell shows long output page by page") var pager: SessionSettings.Pager?

    mutating func run(_ context: CommandContext) throws {
        var settings = context.settings
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
        context.session.settings = settings
        context.emit(
            .fields(
                Fields([
                    ("seed", Text(String(settings.seed))), ("device", Text(settings.device.rawValue)),
                    ("threads", settings.threads == 0 ? "all" : "\(settings.threads)"),
                    ("isa", Text(settings.isa.rawValue)), ("gemm", Text(settings.gemm.rawValue)),
                    ("images", Text(settings.pictures.rawValue)), ("pager", Text(settings.pager.rawValue)),
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
        context.say("seed \(String(context.settings.seed))")
    }
}
