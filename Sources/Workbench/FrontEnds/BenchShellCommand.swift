import Console

/// `palinote bench shell`: how quick the notebook itself is.
struct BenchShellCommand: Command {
    static let name = "bench shell"
    static let summary = "measure start, help, Tab, reading a session and recording, without a model"
    static let discussion = """
        The program is started in a terminal of its own, as a person would; the time of Tab is from the key to the end of
        the list. What a recording adds to a cell is counted without the writing of its bytes. Times are seconds with
        --json.
        """
    static let examples = ["palinote bench shell", "palinote bench shell --repeats 50 --json"]

    @Option("measured runs of each part, after one that is shown as first", in: 1...1000) var repeats = 20
    @OptionGroup var options: GlobalOptions

    mutating func run(_ context: ProgramContext) throws {
        let folder = try TemporaryFolder(context.surroundings.environment)
        defer { folder.remove() }
        let rows = try ShellBench(context: context, repeats: repeats, folder: folder.path).measure()
        var table = Measurement.table
        for row in rows { table.add(row.row) }
        OutputPrinter(context.surroundings, options).print(.table(table))
    }
}
