import Console
import Hub
import Images
import Workbench

/// The prompt: reads cells, runs them, and leaves only when told to.
package final class InteractiveShell {
    private let context: ProgramContext
    private let options: GlobalOptions
    private let printer: OutputPrinter
    private let session: Session
    private let completer: Completer<CommandContext>
    private var history: HistoryFile?

    /// Reads and runs cells until the user leaves.
    package static func run(_ context: ProgramContext, _ options: GlobalOptions) throws {
        let shell = try InteractiveShell(context, options)
        try context.beginJournal(
            shell.session, context.journalOptions, ask: shell.ask, tell: shell.printer.printRemark)
        defer { shell.session.endJournal() }
        shell.run()
    }

    private init(_ context: ProgramContext, _ options: GlobalOptions) throws(SecretError) {
        self.context = context
        self.options = options
        printer = OutputPrinter(context.surroundings, options)
        let session = try context.makeSession(options, printer: printer)
        self.session = session
        session.surroundings.askSecret = LineEditor.readHidden
        completer = session.completer
        let path = HistoryFile.standardPath(context.surroundings.environment, home: context.surroundings.home)
        history = path.map(HistoryFile.init)
        let folder = context.surroundings.folder
        let environment = context.surroundings.environment
        let columns = context.surroundings.terminalColumns
        printer.showPicture = { image in
            let way = session.settings.pictures.way(in: environment)
            return Self.picture(Paths.resolve(image.path, in: folder), way, columns: columns())
        }
    }
}

extension InteractiveShell {
    private func run() {
        guard let editor = LineEditor(questions) else {
            printer.print(
                .failure(Failure(code: "TerminalError", message: "the terminal cannot be used; pipe commands instead")))
            context.exitCode = Program.ExitCode.environment
            return
        }
        for entry in history?.entries ?? [] { editor.remember(entry) }
        printer.print(.text("palinote \(Program.version): help lists the commands, Ctrl-D leaves"))
        while !printer.outputIsClosed {
            switch editor.read(prompt: prompt) {
            case .text(let text): if !handle(text, editor) { return }
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
    }

    /// Asks a question and reads a line; nil at the end of input.
    private func ask(_ question: String) -> String? {
        _ = context.surroundings.writeOutput(question)
        var line = LineSource(read: context.surroundings.readInput)
        return line.next()
    }

    /// Runs an input; returns whether the shell goes on.
    private func handle(_ text: String, _ editor: LineEditor) -> Bool {
        if text.allSatisfy(\.isWhitespace) { return true }
        let words = text.split(whereSeparator: \.isWhitespace)
        if words.count <= 2, words[0] == "exit" || words[0] == "quit" {
            guard let code = words.count == 2 ? Int32(words[1]) : 0, (0...255).contains(code) else {
                printer.print(.failure(Failure(code: "UsageError", message: "exit takes a code from 0 to 255")))
                return true
            }
            context.exitCode = code
            return false
        }
        remember(text.trimmingEnd(), editor)
        session.execute(text)
        session.interrupt.clear()
        return true
    }

    private func remember(_ text: String, _ editor: LineEditor) {
        guard !text.hasPrefix(" "), session.secrets.redact(text) == text else { return }
        editor.remember(text)
        do {
            try history?.add(text)
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

    /// The bytes that show a picture; a picture that cannot be read is not shown, its line stands above.
    private static func picture(_ path: String, _ way: PictureProtocol, columns: Int) -> String? {
        guard way != .off, let png = try? FileAccess.read(path),
            let image = try? ImageBuffer(decoding: png, name: path)
        else { return nil }
        return TerminalPicture.text(image, png: png, with: way, columns: columns)
    }
}

extension SessionSettings.Pictures {
    /// How to show pictures in a terminal with this environment.
    func way(in environment: [String: String]) -> PictureProtocol {
        switch self {
        case .auto: PictureProtocol.detected(in: environment)
        case .kitty: .kitty
        case .iterm: .iterm
        case .blocks: .blocks
        case .off: .off
        }
    }
}
