import Console

/// `export`: the cells run so far in another format.
struct ExportCommand: Command {
    static let name = "export"
    static let summary = "write the cells run so far as a Jupyter notebook, a Python script or a page"
    static let discussion = """
        The ending says which: .ipynb keeps outputs and pictures, and import reads it back; .py is the percent format with
        the commands as comments and without outputs; .html is one page that needs no network and no script.
        palinote export SESSION FILE does the same with a session file.
        """
    static let examples = ["export first.ipynb", "export first.py", "export first.html --title 'My first session'"]

    @Argument("the file to write", completion: .file(extensions: ["ipynb", "py", "html"])) var file: Path
    @Option("what the session is about") var title: String?
    @Flag("write over a file that is there") var replace = false

    mutating func run(_ context: CommandContext) throws {
        let path = context.resolveOutput(file)
        let format = try ExportFormat(file.text)
        let session = String(path.dropLast(format.rawValue.count)) + ".session.md"
        let transcript = SessionTranscript(of: context.session, for: session, title: title)
        guard transcript.cellCount > 0 else { throw ConversionError.noCells }
        let outputs = try SessionConversion.export(
            transcript.source, to: path, shownAs: file.text, replaces: replace, secrets: context.session.secrets)
        context.warnOfGaps(transcript)
        outputs.forEach(context.emit)
    }
}

/// `import`: a notebook as a session file.
struct ImportCommand: Command {
    static let name = "import"
    static let summary = "turn a Jupyter notebook into a session file"
    static let discussion = """
        Cells in Palinote's language become cells with their outputs. Python stays in the text, with a word on what does
        its work here. What has no place in a session is counted and listed. palinote run FILE runs the session.
        """
    static let examples = ["import first.ipynb", "import first.ipynb second.session.md"]

    @Argument("the notebook", completion: .file(extensions: ["ipynb"])) var notebook: Path
    @Argument("the session file to write; the notebook's name with .session.md", completion: .file(extensions: ["md"]))
    var session: Path?
    @Flag("write over files that are there") var replace = false

    mutating func run(_ context: CommandContext) throws {
        let target = session ?? NotebookPaths.session(of: notebook)
        let outputs = try SessionConversion.importNotebook(
            context.resolve(notebook), to: context.resolveOutput(target), shownAs: target.text, replaces: replace,
            secrets: context.session.secrets)
        outputs.forEach(context.emit)
    }
}

/// Names of sessions made of notebooks.
enum NotebookPaths {
    /// `first.session.md` of `folder/first.ipynb`, in the present folder.
    static func session(of notebook: Path) -> Path {
        let name = Paths.name(of: notebook.text)
        let stem = name.hasSuffix(".ipynb") && name.count > 6 ? String(name.dropLast(6)) : name
        return Path(stem + ".session.md")
    }
}
