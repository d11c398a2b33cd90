import Console

/// `palinote export`: a session file in another format.
struct ExportSessionCommand: Command {
    static let name = "export"
    static let summary = "write a session file as a Jupyter notebook, a Python script or a page"
    static let discussion = ExportCommand.discussion.split(separator: "\n").dropLast().joined(separator: "\n")
    static let examples = [
        "palinote export sessions/walkthrough.session.md walkthrough.ipynb",
        "palinote export sessions/walkthrough.session.md walkthrough.html",
    ]

    @Argument("the session file", completion: .file(extensions: ["md"])) var session: Path
    @Argument("the file to write: .ipynb, .py or .html", completion: .file(extensions: ["ipynb", "py", "html"]))
    var file: Path
    @Flag("write over a file that is there") var replace = false
    @OptionGroup var options: GlobalOptions

    mutating func run(_ context: ProgramContext) throws {
        let opened = try OpenedSession(session.text, context.surroundings)
        let printer = OutputPrinter(context.surroundings, options)
        let outputs = try SessionConversion.export(
            ConversionSource(opened), to: context.resolve(file), shownAs: file.text, replaces: replace,
            secrets: try context.secrets())
        outputs.forEach(printer.print)
    }
}

/// `palinote import`: a notebook as a session file.
struct ImportNotebookCommand: Command {
    static let name = "import"
    static let summary = ImportCommand.summary
    static let discussion = ImportCommand.discussion
    static let examples = ["palinote import first.ipynb first.session.md"]

    @Argument("the notebook", completion: .file(extensions: ["ipynb"])) var notebook: Path
    @Argument("the session file to write; the notebook's name with .session.md", completion: .file(extensions: ["md"]))
    var session: Path?
    @Flag("write over files that are there") var replace = false
    @OptionGroup var options: GlobalOptions

    mutating func run(_ context: ProgramContext) throws {
        let target = session ?? NotebookPaths.session(of: notebook)
        let printer = OutputPrinter(context.surroundings, options)
        let outputs = try SessionConversion.importNotebook(
            context.resolve(notebook), to: context.resolve(target), shownAs: target.text, replaces: replace,
            secrets: try context.secrets())
        outputs.forEach(printer.print)
    }
}

extension ProgramContext {
    /// Where a path that the user typed leads.
    fileprivate func resolve(_ path: Path) -> String {
        Paths.resolve(path.text, in: surroundings.folder, home: surroundings.home)
    }
}
