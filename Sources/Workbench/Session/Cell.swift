import Console

/// Commands that are run together.
package struct Cell: Sendable, Equatable {
    /// The name: 1 to 64 of `[A-Za-z0-9_-]`.
    package var id: String
    /// The commands as typed.
    package var source: String

    /// Makes a cell.
    package init(id: String, source: String) {
        self.id = id
        self.source = source
    }
}

/// How a cell ended.
package enum CellStatus: String, Sendable, Equatable {
    /// Every command did its work.
    case ok
    /// A command failed; those after it did not run.
    case failed
    /// Somebody asked it to stop.
    case interrupted

    /// The exit code of a program that ran only this cell.
    package var code: Int {
        switch self {
        case .ok: 0
        case .failed: 1
        case .interrupted: 130
        }
    }
}

/// What a cell did.
package struct CellResult: Sendable {
    /// The cell.
    package var cell: Cell
    /// How it ended.
    package var status: CellStatus
    /// What it said, in order; progress is not kept.
    package var outputs: [Output]
    /// The session's state after it; nil unless the session tracks its state.
    package var state: StateDigest?
    /// Seconds it took.
    package var duration: Double
    /// What it read and wrote of the session's state.
    package var effects = CellEffects()
    /// Whether somebody asked twice to stop it, so that the session is as before it.
    package var isRolledBack = false
    /// Whether the session went back behind it since.
    package var isUndone = false

    /// The return code: 0, 1 or 130.
    package var code: Int { status.code }

    /// Why it failed, if it did.
    package var failure: Failure? {
        for case .failure(let failure) in outputs.reversed() { return failure }
        return nil
    }
}
