import Console

/// `palinote exec`: commands in one fresh session.
struct ExecCommand: Command {
    static let name = "exec"
    static let summary = "run commands in one fresh session"
    static let discussion = """
        Each word is a cell. The program stops at the first one that fails, unless --keep-going is given.
        """
    static let examples = ["palinote exec help", "palinote exec 'device' 'resources' --json"]

    @Argument("the commands, each in quotes") var commands: [String]
    @OptionGroup var options: GlobalOptions

    mutating func run(_ context: ProgramContext) throws {
        guard !commands.isEmpty else {
            throw CommandLineError(reason: .missing(["COMMANDS..."]), command: Self.name)
        }
        let printer = OutputPrinter(context.surroundings, options)
        let session = try context.makeSession(options, printer: printer)
        for command in commands where !printer.outputIsClosed {
            let result = session.execute(command)
            context.note(result)
            if result.status != .ok, !options.keepGoing || result.status == .interrupted { return }
        }
    }
}

/// `palinote`: the shell on a terminal; otherwise commands from standard input.
struct InteractiveCommand: Command {
    static let name = "shell"
    static let summary = "the same as palinote alone: a prompt on a terminal, else commands from standard input"
    static let discussion = """
        Without a terminal there is no prompt, color or animation, and the program stops at the first cell that fails,
        unless --keep-going is given.
        """
    static let examples = ["palinote", "echo device | palinote"]

    @OptionGroup var options: GlobalOptions
    @OptionGroup var journal: JournalOptions

    mutating func run(_ context: ProgramContext) throws {
        if context.surroundings.inputIsTerminal {
            context.journalOptions = journal
            try context.interactive(context, options)
        } else {
            try runStandardInput(context)
        }
    }

    private func runStandardInput(_ context: ProgramContext) throws {
        let printer = OutputPrinter(context.surroundings, options)
        let session = try context.makeSession(options, printer: printer)
        try context.beginJournal(session, journal, ask: nil, tell: printer.printRemark)
        defer { session.endJournal() }
        var lines = LineSource(read: context.surroundings.readInput)
        var source = ""
        while !printer.outputIsClosed, let line = lines.next() {
            source += source.isEmpty ? line : "\n" + line
            if StatementReader.isUnfinished(source), !lines.isAtEnd { continue }
            defer { source = "" }
            if source.allSatisfy(\.isWhitespace) { continue }
            let result = session.execute(source)
            context.note(result)
            if result.status != .ok, !options.keepGoing || result.status == .interrupted { return }
        }
    }
}

extension ProgramContext {
    /// Lets a cell's end decide the exit code: the first failure stays.
    package func note(_ result: CellResult) {
        if exitCode == Program.ExitCode.ok || result.status == .interrupted { exitCode = Int32(result.code) }
    }
}

/// Lines of a stream that is read piece by piece; bytes that are no UTF-8 become replacement characters.
package struct LineSource {
    private let read: () -> [UInt8]
    private var pending: [UInt8] = []
    private var inputHasEnded = false

    /// Reads pieces with `read`, until it returns none.
    package init(read: @escaping () -> [UInt8]) { self.read = read }

    /// The next line without its end; nil when there is none.
    package mutating func next() -> String? {
        while !inputHasEnded, !pending.contains(UInt8(ascii: "\n")) { readMore() }
        guard !pending.isEmpty else { return nil }
        let end = pending.firstIndex(of: UInt8(ascii: "\n")) ?? pending.endIndex
        var line = Array(pending[..<end])
        pending.removeFirst(min(end + 1, pending.count))
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }

    /// Whether no line follows.
    var isAtEnd: Bool {
        mutating get {
            while pending.isEmpty, !inputHasEnded { readMore() }
            return pending.isEmpty
        }
    }

    private mutating func readMore() {
        let piece = read()
        if piece.isEmpty { inputHasEnded = true } else { pending += piece }
    }
}
