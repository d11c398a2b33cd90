import Console

/// What a running command is handed: the session's things, and ways to say something.
package final class CommandContext {
    /// The session the command runs in.
    package let session: Session
    /// The cell the command stands in.
    package let cell: Cell
    /// What the cell has said; progress is not kept.
    package private(set) var outputs: [Output] = []
    /// The context of the cell that runs this one again; nil for a cell that somebody typed.
    let parent: CommandContext?
    private var pictureCount = 0

    init(session: Session, cell: Cell, parent: CommandContext? = nil) {
        self.session = session
        self.cell = cell
        self.parent = parent
    }

    /// The cell that somebody typed.
    var typedCell: Cell { parent?.typedCell ?? cell }

    /// What cells have loaded.
    package var workspace: Workspace {
        get { session.workspace }
        set { session.workspace = newValue }
    }

    /// All variables; the cell depends on each from here on.
    package var variables: [String: Literal] {
        for name in session.variables.keys { session.tracker.noteRead("variable:\(name)") }
        return session.variables
    }

    /// What the session was told.
    package var settings: SessionSettings { session.settings }

    /// What the session was told, to be shown or changed; the cell depends on all of it from here on.
    var allSettings: SessionSettings {
        for (name, _) in settings.values { session.tracker.noteRead("setting:\(name)") }
        return settings
    }

    /// Where random streams start; the cell depends on it from here on.
    package var seed: UInt64 {
        session.tracker.noteRead("setting:seed")
        return session.settings.seed
    }

    /// The wish to stop; long work calls `try context.interrupt.check()` at each step.
    package var interrupt: Interrupt { session.interrupt }

    /// Seconds of a clock that never goes back.
    package func now() -> Double { session.surroundings.now() }

    /// Says something: it is shown at once and kept with the cell.
    package func emit(_ output: Output) {
        let safe = output.mapText(session.secrets.redact)
        if let parent { parent.emit(safe) } else { session.surroundings.receive(safe) }
        if case .progress = safe { return }
        outputs.append(safe)
    }

    /// Says a paragraph.
    package func say(_ text: Text) { emit(.text(text)) }

    /// Points at something to look at.
    package func warn(_ text: Text) { emit(.warning(text)) }

    /// Shows how far long work has come.
    package func report(_ progress: Progress) { emit(.progress(progress)) }

    /// Where a path that the user typed leads.
    package func resolve(_ path: Path) -> String { resolve(path.text) }

    /// Where a file or folder that the command reads lies; the cell depends on what other cells wrote there.
    package func resolveInput(_ path: Path) -> String {
        let place = resolve(path)
        session.tracker.noteRead(file: place)
        return place
    }

    /// Where a file or folder that the command writes lies; cells that read it depend on this one.
    package func resolveOutput(_ path: Path) -> String {
        let place = resolve(path)
        session.tracker.noteWrite(file: place)
        return place
    }

    /// Where a path leads, seen from the session's folder.
    package func resolve(_ path: String) -> String {
        Paths.resolve(path, in: session.surroundings.folder, home: session.surroundings.home)
    }

    /// How the names of a cell's pictures begin.
    static func pictureStem(of id: String) -> String { id.allSatisfy(\.isNumber) ? "cell-\(id)" : id }

    /// The name for the next picture of the typed cell, and how outputs show it: `look-1.png`.
    package func nextPicturePath() throws(FileError) -> (path: String, shown: String) {
        if let parent { return try parent.nextPicturePath() }
        pictureCount += 1
        let folder = session.surroundings.assets
        let name = "\(Self.pictureStem(of: cell.id))-\(pictureCount).png"
        try FileAccess.makeFolder(folder.path)
        return (Paths.join(folder.path, name), Paths.join(folder.shownAs, name))
    }
}
