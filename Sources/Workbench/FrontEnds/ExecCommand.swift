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
            guard context.run(command, in: session, keepsGoing: options.keepGoing) else { return }
        }
    }
}

/// `palinote`: the shell on a terminal; otherwise commands from standard input.
struct InteractiveCommand: Command {
    static let name = "shell"
    static let summary = "the same as palinote alone: a prompt on a terminal, else commands from standard input"
    static let discussion = """
        Without a terminal there is no prompt, color or animation, and the program stops at the first cell that fails,
        unless --keep-going is given. At a prompt the commands of ~/.config/palinote/startup are run first.
        """
    static let examples = ["palinote", "echo device | palinote", "palinote --no-init"]

    @OptionGroup var startUp: StartUpOptions
    @OptionGroup var options: GlobalOptions
    @OptionGroup var journal: JournalOptions

    mutating func run(_ context: ProgramContext) throws {
        if context.surroundings.inputIsTerminal, context.surroundings.outputIsTerminal {
            context.journalOptions = journal
            try context.terminal.interact(context, options, startUp)
        } else {
            try runStandardInput(context)
        }
    }

    private func runStandardInput(_ context: ProgramContext) throws {
        let printer = OutputPrinter(context.surroundings, options)
        let session = try context.makeSession(options, printer: printer)
        if startUp.isGiven { StartUp(startUp, context, printer).run(in: session) }
        try context.beginJournal(session, journal, ask: nil, tell: printer.printRemark)
        defer { session.endJournal() }
        var cells = CellSource(LineSource(read: context.surroundings.readInput))
        while !printer.outputIsClosed, let (source, _) = cells.next() {
            guard context.run(source, in: session, keepsGoing: options.keepGoing) else { return }
        }
    }
}

extension ProgramContext {
    /// Lets a cell's end decide the exit code: the first failure stays.
    package func note(_ result: CellResult) {
        if exitCode == Program.ExitCode.ok || result.status == .interrupted { exitCode = Int32(result.code) }
    }

    /// Runs a cell; returns whether more are to be run.
    func run(_ source: String, in session: Session, keepsGoing: Bool) -> Bool {
        let result = session.execute(source)
        note(result)
        if let code = session.exitCode {
            exitCode = code
            return false
        }
        return result.status == .ok || keepsGoing && result.status != .interrupted
    }
}

/// Cells out of lines: a line that is not whole takes those behind it.
struct CellSource {
    private var lines: LineSource
    private var lineNumber = 0

    init(_ lines: LineSource) { self.lines = lines }

    /// The next cell that is not blank, and the number of its first line; nil when there is none.
    mutating func next() -> (source: String, line: Int)? {
        while var source = nextLine() {
            let line = lineNumber
            while StatementReader.isUnfinished(source), !lines.isAtEnd, let more = nextLine() { source += "\n" + more }
            if !source.allSatisfy(\.isWhitespace) { return (source, line) }
        }
        return nil
    }

    private mutating func nextLine() -> String? {
        lineNumber += 1
        return lines.next()
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
