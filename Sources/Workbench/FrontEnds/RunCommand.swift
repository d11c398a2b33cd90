import Console
import Hub

/// `palinote run`: a session file's cells, shown.
struct RunCommand: Command {
    static let name = "run"
    static let summary = "run a session file's cells and show their outputs; the file stays as it is"
    static let discussion = """
        Pictures go to the folder of --assets. With --record the file and its pictures are written anew: lines that
        still agree are kept as they are. A cell that failed when it was recorded may fail again; at any other failure
        the run stops, unless --keep-going is given.
        """
    static let examples = [
        "palinote run sessions/walkthrough.session.md", "palinote run notes.session.md --cells load..train",
        "palinote run notes.session.md --record",
    ]

    @Argument("the session file", completion: .file(extensions: ["md"])) var file: Path
    @Option("only these cells: a name or number, or two with .. between") var cells: String?
    @Flag("write the outputs into the file") var record = false
    @OptionGroup var options: GlobalOptions

    mutating func run(_ context: ProgramContext) throws {
        let opened = try OpenedSession(file.text, context.surroundings)
        let range = try cells.map { try CellRange.range($0, in: opened) } ?? opened.cells.indices
        let printer = OutputPrinter(context.surroundings, options)
        let session = try context.makeSession(options, printer: printer)
        session.surroundings.folder = opened.root
        session.settings = opened.settings(options)
        try context.check(opened, session)
        if record {
            session.surroundings.assets = AssetFolder(path: opened.assetsFolder, shownAs: opened.assetsName)
            session.tracksState = true
        }
        try runCells(of: opened, in: range, session, printer, context)
    }

    private func runCells(
        of opened: OpenedSession, in range: Range<Int>, _ session: Session, _ printer: OutputPrinter,
        _ context: ProgramContext
    ) throws {
        let outputs = RecordedOutputs(session.surroundings)
        var file = opened.file
        var state: StateDigest?
        for index in range where !printer.outputIsClosed && session.exitCode == nil {
            let (cell, id) = opened.cells[index]
            let commands = Cell(id: id, source: cell.sourceText)
            printer.printCommands(of: commands)
            if opened.isSkipped(cell, environment: session.surroundings.environment) {
                printer.printRemark("cell \(id) is left out here: its skip-if holds")
                continue
            }
            let result = session.execute(commands)
            if record {
                file.replaceCell(index, with: cell.updated(with: outputs.blocks(result, stateBefore: state)))
                state = result.state
            }
            if result.code != 0, result.code != cell.recordedEnd?.code {
                context.note(result)
                if result.status == .interrupted || (!options.keepGoing && !record) { return }
            }
        }
        if record { try write(file, opened, session, printer) }
    }

    private func write(
        _ file: SessionFile, _ opened: OpenedSession, _ session: Session, _ printer: OutputPrinter
    ) throws {
        var file = file
        file.header.beginWithFormat()
        file.header[.seed] = String(opened.settings(options).seed)
        file.header[.device] = session.deviceSignature
        file.header[.versions] = Program.versions
        let inputs = try file.header.pairs(.inputs).map { name, _ in
            "\(name)=sha256:\(try InputDigest.text(of: Paths.resolve(name, in: opened.root)).prefix(12))"
        }
        if !inputs.isEmpty { file.header[.inputs] = inputs.joined(separator: " ") }
        let path = Paths.join(opened.folder, Paths.name(of: opened.path))
        try SessionPlace.write(file, to: path, secrets: session.secrets)
        printer.printRemark("recorded \(.path(opened.path))")
    }
}

/// Which cells to run: `3`, `train`, `2..5`, `load..train`.
enum CellRange {
    /// The places of cells, counted from 0.
    static func range(_ text: String, in opened: OpenedSession) throws(CommandLineError) -> Range<Int> {
        if let dots = text.firstRange(of: "..") {
            let first = try place(String(text[..<dots.lowerBound]), opened)
            let last = try place(String(text[dots.upperBound...]), opened)
            guard first <= last else { throw error(text, "a range that goes forward") }
            return first..<last + 1
        }
        let only = try place(text, opened)
        return only..<only + 1
    }

    private static func place(_ name: String, _ opened: OpenedSession) throws(CommandLineError) -> Int {
        let ids = opened.cells.map(\.id)
        if let place = ids.firstIndex(of: name) { return place }
        if let number = Int(name), (1...max(1, ids.count)).contains(number), !ids.isEmpty { return number - 1 }
        throw error(name, "a cell's name or a number from 1 to \(ids.count)", Suggestions.nearest(to: name, among: ids))
    }

    private static func error(_ found: String, _ expected: String, _ near: [String] = []) -> CommandLineError {
        CommandLineError(
            reason: .badValue(parameter: "--cells", found: found, expected: expected), command: RunCommand.name,
            suggestions: near)
    }
}

extension ProgramContext {
    /// Throws when the session needs something that is not there.
    func check(_ opened: OpenedSession, _ session: Session) throws {
        let missing = opened.missingRequirements(session.secrets, environment: surroundings.environment)
        guard missing.isEmpty else {
            throw Failure(
                code: "MissingRequirement", message: "\(opened.path) needs \(missing.joined(separator: " and "))")
        }
    }
}
