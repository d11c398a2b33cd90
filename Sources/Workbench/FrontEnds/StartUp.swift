import Console

/// Which commands are run before the first prompt.
package struct StartUpOptions: OptionGroupContents {
    @Option("commands to run first, in place of ~/.config/palinote/startup", name: "init") var file: Path?
    @Flag("run no commands first", name: "no-init") var isLeftOut = false

    /// Makes the options with their defaults.
    package init() {}

    /// Whether a file was named.
    var isGiven: Bool { file != nil && !isLeftOut }
}

/// Runs the user's start-up file: its commands are no cells, and nothing that is recorded depends on them.
///
/// Only what goes wrong is shown; the rest is run.
package struct StartUp {
    private let options: StartUpOptions
    private let context: ProgramContext
    private let printer: OutputPrinter

    /// Makes a start-up.
    package init(_ options: StartUpOptions, _ context: ProgramContext, _ printer: OutputPrinter) {
        self.options = options
        self.context = context
        self.printer = printer
    }

    /// Runs the file, if there is one.
    package func run(in session: Session) {
        guard !options.isLeftOut, let path else { return }
        let receive = session.surroundings.receive
        defer { session.surroundings.receive = receive }
        session.surroundings.receive = { output in
            switch output {
            case .warning, .failure, .progress: receive(output)
            default: break
            }
        }
        do {
            var text: [UInt8]? = Array(try FileAccess.readText(path).utf8)
            var cells = CellSource(
                LineSource {
                    defer { text = nil }
                    return text ?? []
                })
            while session.exitCode == nil, let (source, line) = cells.next() {
                let result = session.executeStartUp(source)
                if result.status != .ok { printer.printRemark("(line \(line) of \(path))") }
            }
        } catch {
            printer.print(.failure(Failure(error)))
        }
    }

    /// The file that was named, which must be there, or the user's own, which need not.
    private var path: String? {
        let surroundings = context.surroundings
        if let file = options.file { return Paths.resolve(file.text, in: surroundings.folder, home: surroundings.home) }
        return surroundings.configurationFile("startup").flatMap { FileAccess.exists($0) ? $0 : nil }
    }
}
