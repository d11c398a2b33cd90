import Console

/// What a running command is handed: the session's things, and ways to say something.
package final class CommandContext {
    /// The session the command runs in.
    package let session: Session
    /// The cell the command stands in.
    package let cell: Cell
    /// What the cell has said; progress is not kept.
    package private(set) var outputs: [Output] = []
    private var pictureCount = 0

    init(session: Session, cell: Cell) {
        self.session = session
        self.cell = cell
    }

    /// What cells have loaded.
    package var workspace: Workspace {
        get { session.workspace }
        set { session.workspace = newValue }
    }

    /// What the session was told.
    package var settings: SessionSettings { session.settings }

    /// The wish to stop; long work calls `try context.interrupt.check()` at each step.
    package var interrupt: Interrupt { session.interrupt }

    /// Seconds of a clock that never goes back.
    package func now() -> Double { session.surroundings.now() }

    /// Says something: it is shown at once and kept with the cell.
    package func emit(_ output: Output) {
        let safe = output.mapText(session.secrets.redact)
        session.surroundings.receive(safe)
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

    /// Where a path leads, seen from the session's folder.
    package func resolve(_ path: String) -> String {
        Paths.resolve(path, in: session.surroundings.folder, home: session.surroundings.home)
    }

    /// The name for the next picture of this cell, and how outputs show it: `look-1.png`.
    package func nextPicturePath() throws(FileError) -> (path: String, shown: String) {
        pictureCount += 1
        let folder = session.surroundings.assets
        let stem = cell.id.allSatisfy(\.isNumber) ? "cell-\(cell.id)" : cell.id
        let name = "\(stem)-\(pictureCount).png"
        try FileAccess.makeFolder(folder.path)
        return (Paths.join(folder.path, name), Paths.join(folder.shownAs, name))
    }
}
