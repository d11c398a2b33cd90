import CSystem
import Console
import Hub
import Workbench

/// The prompt: reads cells, runs them, and leaves only when told to.
package final class InteractiveShell {
    private let context: ProgramContext
    private let options: GlobalOptions
    private let startUp: StartUpOptions
    private let printer: OutputPrinter
    private let session: Session
    private let completer: Completer<CommandContext>
    private var history: HistoryFile?

    /// Reads and runs cells until the user leaves.
    static func run(_ context: ProgramContext, _ options: GlobalOptions, _ startUp: StartUpOptions) throws {
        let shell = try InteractiveShell(context, options, startUp)
        defer { shell.session.endJournal() }
        try shell.run()
    }

    private init(
        _ context: ProgramContext, _ options: GlobalOptions, _ startUp: StartUpOptions
    ) throws(SecretError) {
        self.context = context
        self.options = options
        self.startUp = startUp
        printer = OutputPrinter(context.surroundings, options)
        let session = try context.makeSession(options, printer: printer)
        self.session = session
        session.surroundings.askSecret = LineEditor.readHidden
        completer = session.completer
        let path = HistoryFile.standardPath(context.surroundings.environment, home: context.surroundings.home)
        history = path.map(HistoryFile.init)
        if let pager = Pager(context.surroundings.environment) {
            printer.page = { [weak session] text in
                session?.settings.pager == .on && pager.show(text, rows: Int(csystem_terminal_rows(1)))
            }
        }
    }
}

extension TerminalFrontEnd {
    /// The shell, and pictures as escape sequences.
    package static var standard: TerminalFrontEnd {
        TerminalFrontEnd(interact: InteractiveShell.run) { path, choice, surroundings in
            TerminalPicture.show(
                path, choice, environment: surroundings.environment, columns: surroundings.terminalColumns())
        }
    }
}

extension InteractiveShell {
    private func run() throws {
        guard let editor = LineEditor(questions) else {
            printer.print(
                .failure(Failure(code: "TerminalError", message: "the terminal cannot be used; pipe commands instead")))
            context.exitCode = Program.ExitCode.environment
            return
        }
        for entry in history?.entries ?? [] { editor.remember(entry) }
        printer.print(.text("palinote \(Program.version): help lists the commands, Ctrl-D leaves"))
        StartUp(startUp, context, printer).run(in: session)
        printer.endCell()
        try context.beginJournal(session, context.journalOptions, ask: ask, tell: printer.printRemark)
        printer.endCell()
        while !printer.outputIsClosed, session.exitCode == nil {
            switch editor.read(prompt: prompt) {
            case .text(let text): handle(text, editor)
            case .interrupted:
                session.interrupt.clear()
                _ = context.surroundings.writeOutput("^C\n")
            case .end:
                _ = context.surroundings.writeOutput("\n")
                return
            case .failed(let reason):
                printer.print(.failure(Failure(code: "TerminalError", message: "the terminal failed: \(reason)")))
                context.exitCode = Program.ExitCode.environment
                return
            }
        }
        context.exitCode = session.exitCode ?? context.exitCode
    }

    /// Asks a question and reads a line; nil at the end of input.
    private func ask(_ question: String) -> String? {
        _ = context.surroundings.writeOutput(question)
        var line = LineSource(read: context.surroundings.readInput)
        return line.next()
    }

    /// Runs an input.
    private func handle(_ text: String, _ editor: LineEditor) {
        if text.allSatisfy(\.isWhitespace) { return }
        // What is about secrets is looked at once it is known which they are.
        let isAboutSecrets = text.contains("secret")
        if !isAboutSecrets { remember(text.trimmingEnd(), editor) }
        session.execute(text)
        printer.endCell()
        session.interrupt.clear()
        guard isAboutSecrets else { return }
        remember(text.trimmingEnd(), editor)
        changeHistory { (history) throws(FileError) in try history.remove { self.session.secrets.redact($0) != $0 } }
    }

    private func remember(_ text: String, _ editor: LineEditor) {
        guard !text.hasPrefix(" "), session.secrets.redact(text) == text, !HistoryFile.setsSecret(text) else { return }
        editor.remember(text)
        changeHistory { (history) throws(FileError) in try history.add(text) }
    }

    private func changeHistory(_ change: (inout HistoryFile) throws(FileError) -> Void) {
        guard var changed = history else { return }
        do {
            try change(&changed)
            history = changed
        } catch {
            printer.print(.warning("the history is not written any more: \(error.description)"))
            history = nil
        }
    }

    private var prompt: String {
        let text = "[\(session.nextCellID)]> "
        let environment = context.surroundings.environment
        guard options.usesColor(isTerminal: true, environment: environment) else { return text }
        return "\u{1}\u{1B}[36m\u{1}\(text)\u{1}\u{1B}[0m\u{1}"
    }

    private var questions: LineEditor.Questions {
        LineEditor.Questions(
            complete: completer.complete, isUnfinished: StatementReader.isUnfinished,
            cleanPaste: PastedText.cleaned,
            takeInterrupt: { [interrupt = session.interrupt] in
                defer { interrupt.clear() }
                return interrupt.isRequested
            },
            list: list)
    }

    /// Prints candidates in columns below the input, as many as fit on half a screen.
    private func list(_ candidates: [String]) {
        let limit = 200
        let shown = candidates.prefix(limit)
        let width = (shown.map { DisplayWidth.of($0) }.max() ?? 0) + 2
        let columnCount = max(1, context.surroundings.columns / width)
        var text = "\n"
        for start in stride(from: 0, to: shown.count, by: columnCount) {
            let row = shown[start..<min(start + columnCount, shown.count)]
            text += row.map { DisplayWidth.pad($0, to: width) }.joined().trimmingEnd() + "\n"
        }
        if candidates.count > limit { text += "and \(candidates.count - limit) more\n" }
        _ = context.surroundings.writeOutput(text)
    }
}
