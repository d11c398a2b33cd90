import CSystem
import Console
import Hub

/// The program: its argument words choose a front end.
package enum Program {
    /// The program's version.
    package static let version = "0.2.0"

    /// What a session file's front matter says of the program.
    static let versions = "palinote=\(version)"

    /// Exit codes, the same for every front end.
    package enum ExitCode {
        /// Everything was done.
        package static let ok: Int32 = 0
        /// A cell failed, or a replay found a difference.
        package static let failed: Int32 = 1
        /// The command line is wrong.
        package static let usage: Int32 = 2
        /// Something the session needs is not there.
        package static let environment: Int32 = 3
        /// Somebody pressed Ctrl-C.
        package static let interrupted: Int32 = 130
    }

    /// Runs the program and returns its exit code.
    /// - Parameters:
    ///   - arguments: the words behind the program's name.
    ///   - terminal: what is done on a terminal.
    package static func run(
        _ arguments: [String], _ surroundings: ProcessSurroundings, terminal: TerminalFrontEnd
    ) -> Int32 {
        _ = csystem_ignore_broken_pipe()
        let context = ProgramContext(surroundings, terminal: terminal)
        do {
            try dispatch(arguments, context)
        } catch {
            report(error, context)
        }
        return context.exitCode
    }
}

/// What the target above does on a terminal.
package struct TerminalFrontEnd {
    /// Reads and runs cells until the user leaves.
    package var interact: (ProgramContext, GlobalOptions, StartUpOptions) throws -> Void
    /// The characters that show the picture in a file; nil where the terminal cannot.
    package var picture: (_ path: String, _ choice: SessionSettings.Pictures, ProcessSurroundings) -> String?

    /// Puts a front end together.
    package init(
        interact: @escaping (ProgramContext, GlobalOptions, StartUpOptions) throws -> Void,
        picture: @escaping (_ path: String, _ choice: SessionSettings.Pictures, ProcessSurroundings) -> String?
    ) {
        self.interact = interact
        self.picture = picture
    }
}

/// What the program's own commands are handed.
package final class ProgramContext {
    /// The process.
    package let surroundings: ProcessSurroundings
    /// What the process will return.
    package var exitCode = Program.ExitCode.ok
    /// What the user wants of journals.
    package var journalOptions = JournalOptions()
    let terminal: TerminalFrontEnd

    init(_ surroundings: ProcessSurroundings, terminal: TerminalFrontEnd) {
        self.surroundings = surroundings
        self.terminal = terminal
    }

    /// What shows pictures of the process's folder in place on a terminal.
    func pictureWriter(_ options: GlobalOptions) -> (ImageOutput) -> String? {
        { [surroundings, terminal] image in
            terminal.picture(Paths.resolve(image.path, in: surroundings.folder), options.images, surroundings)
        }
    }

    /// Makes a session that prints through a printer and listens to Ctrl-C.
    /// - Throws: `SecretError` if the user's file of secrets cannot be trusted.
    package func makeSession(_ options: GlobalOptions, printer: OutputPrinter) throws(SecretError) -> Session {
        let assets = Paths.resolve(options.assets.text, in: surroundings.folder, home: surroundings.home)
        var given = SessionSurroundings(
            folder: surroundings.folder, assets: AssetFolder(path: assets, shownAs: options.assets.text),
            now: surroundings.now, date: surroundings.date, home: surroundings.home, samples: surroundings.samples,
            environment: surroundings.environment, receive: printer.print)
        given.wallTime = surroundings.wallTime
        given.gpus = surroundings.gpus
        let session = Session(surroundings: given, settings: options.settings, secrets: try secrets())
        if !session.interrupt.listenToControlC() {
            printer.printRemark("Ctrl-C will end the program: the system lets no handler be set")
        }
        if surroundings.outputIsTerminal { showPictures(of: session, printer) }
        return session
    }

    /// Shows pictures below the lines that name their files.
    private func showPictures(of session: Session, _ printer: OutputPrinter) {
        printer.showPicture = { [weak session, surroundings, terminal] image in
            guard let session else { return nil }
            let path = session.surroundings.path(of: image)
            return terminal.picture(path, session.settings.pictures, surroundings)
        }
    }
}

extension ProgramContext {
    /// Secrets of the environment and of the user's file.
    func secrets() throws(SecretError) -> SecretStore {
        guard let path = surroundings.configurationFile("secrets") else {
            return SecretStore(environment: surroundings.environment)
        }
        return try SecretStore(environment: surroundings.environment, file: path)
    }
}

extension Program {
    private static var registry: CommandRegistry<ProgramContext> {
        CommandRegistry([
            .init(
                "Palinote",
                [
                    InteractiveCommand.self, ExecCommand.self, RunCommand.self, ReplayCommand.self,
                    ReviewCommand.self, AcceptCommand.self, LintCommand.self, ExportSessionCommand.self,
                    ImportNotebookCommand.self, BenchPaliGemmaProgramCommand.self, BenchCUDAProgramCommand.self,
                    BenchShellCommand.self, DocsCommand.self,
                ])
        ])
    }

    private static func dispatch(_ arguments: [String], _ context: ProgramContext) throws {
        if arguments.first == "--version" {
            _ = context.surroundings.writeOutput("palinote \(version)\n")
        } else if arguments.contains("--help") || arguments.first == "help" {
            printHelp(arguments.filter { $0 != "--help" && $0 != "help" }, context)
        } else {
            try registry.parse(words(of: ordered(arguments))).run(context)
        }
    }

    /// The words with the command's name in front; options of the program may stand before it.
    private static func ordered(_ arguments: [String]) -> [String] {
        let names = Set(registry.entries.map { $0.name.split(separator: " ")[0] }.map(String.init))
        if let place = arguments.firstIndex(where: names.contains) {
            return Array(arguments[place...]) + arguments[..<place]
        }
        if let first = arguments.first, !first.hasPrefix("-") { return arguments }
        return [InteractiveCommand.name] + arguments
    }

    /// Argument words as command words; the position of each is its place in the line they would make.
    private static func words(of arguments: [String]) -> [ExpandedWord] {
        var column = 1
        return arguments.map { text in
            defer { column += text.count + 1 }
            let position = SourcePosition(line: 1, column: column, length: max(1, text.count))
            return ExpandedWord(text: text, position: position)
        }
    }

    private static func printHelp(_ names: [String], _ context: ProgramContext) {
        let renderer = Renderer()
        let outputs: [Output]
        if let (entry, _) = registry.find(names) {
            outputs = CommandHelp.page(of: entry.describe())
        } else {
            let about: Text = "palinote: a notebook for fine-tuning PaliGemma 2 to detect objects\n"
            let overview = CommandHelp.overview(of: registry).dropLast()
            outputs =
                [.text(about)] + overview + [
                    .text("\npalinote COMMAND --help shows its options; palinote exec help lists a session's commands")
                ]
        }
        let text = outputs.flatMap(renderer.lines).map { $0 + "\n" }.joined()
        _ = context.surroundings.writeOutput(text)
    }

    private static func report(_ error: any Error, _ context: ProgramContext) {
        context.exitCode = error is CommandLineError ? ExitCode.usage : ExitCode.environment
        var failure = Failure(error)
        if let error = error as? CommandLineError {
            failure.next = "palinote \(error.command.map { $0 + " " } ?? "")--help"
        }
        let lines = Renderer().lines(.failure(failure))
        context.surroundings.writeError(lines.map { $0 + "\n" }.joined())
    }
}
