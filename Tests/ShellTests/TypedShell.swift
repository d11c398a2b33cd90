import TestSupport
import Testing

@testable import Shell

/// A shell in a terminal of its own, whose prompts are counted.
final class TypedShell {
    let terminal: Terminal
    private var cell = 1

    /// Starts a shell and waits for its prompt.
    init(
        _ folder: ScratchFolder, _ arguments: [String] = ["--no-init"], columns: Int = 80,
        environment: [String: String] = [:]
    ) throws {
        terminal = try Terminal(
            folder: folder.path, arguments: arguments, columns: columns, environment: environment)
        try waitForPrompt()
    }

    /// Types a line and Enter, looks for texts that answer it, and waits for the next prompt.
    func run(_ line: String, shows texts: String...) throws {
        terminal.type(line + "\n")
        for text in texts { try terminal.look(for: text) }
        cell += 1
        try waitForPrompt()
    }

    /// Types keys, and looks for a text that they bring.
    func type(_ keys: String, shows text: String) throws { try terminal.type(keys, look: text) }

    /// Waits for the prompt of the cell that comes next.
    func waitForPrompt() throws { try terminal.look(for: "[\(cell)]> ") }

    /// Presses Ctrl-D, and checks that the shell leaves in order.
    func leave() throws {
        try terminal.type("\u{4}", look: "^D")
        #expect(terminal.exitCode() == 0)
    }
}
