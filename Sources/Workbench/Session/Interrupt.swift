import CSystem

/// A wish to stop, raised by Ctrl-C or another front end and looked at between steps and tokens.
package final class Interrupt: Sendable {
    /// The counter, in C so that a signal handler may raise it.
    ///
    /// Proof for `nonisolated(unsafe)`: the pointer never changes, and what it points to is atomic.
    nonisolated(unsafe) private let counter: OpaquePointer?

    /// Makes a flag that nobody has raised.
    package init() { counter = csystem_interrupt_make() }

    deinit { if let counter { csystem_interrupt_free(counter) } }

    /// Whether somebody wants the running cell to stop.
    package var isRequested: Bool { requestCount > 0 }

    /// Whether somebody asked twice: the running cell is to be undone, not only stopped.
    package var isRollback: Bool { requestCount > 1 }

    /// How often somebody asked since the last cell began.
    package var requestCount: Int { counter.map { Int(csystem_interrupt_count($0)) } ?? 0 }

    /// Asks the running cell to stop at its next step; asked twice, the session also takes it back.
    package func request() { if let counter { csystem_interrupt_raise(counter) } }

    /// Forgets what was asked; a cell begins so.
    package func clear() { if let counter { csystem_interrupt_clear(counter) } }

    /// Throws if somebody asked to stop.
    package func check() throws(Interrupted) {
        if isRequested { throw Interrupted() }
    }

    /// Lets Ctrl-C (SIGINT) ask; the third one in a row ends the process with code 130.
    /// - Returns: whether the system let us.
    package func listenToControlC() -> Bool {
        guard let counter else { return false }
        return csystem_interrupt_on_sigint(counter) == 0
    }
}

/// The running cell was asked to stop, and did at a step's border.
package struct Interrupted: Error, Sendable, Equatable, CustomStringConvertible {
    /// Makes the error.
    package init() {}

    /// One sentence.
    package var description: String { "interrupted; the session keeps what was finished" }
}
