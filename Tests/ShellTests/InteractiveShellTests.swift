import TestSupport
import Testing

@testable import Shell

/// Tests type at a real terminal, so they take turns.
@Suite("InteractiveShell", .serialized)
struct InteractiveShellTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func shell(_ arguments: [String] = [], columns: Int = 80) throws -> Terminal {
        let terminal = try Terminal(folder: folder.path, arguments: arguments, columns: columns)
        try terminal.look(for: "[1]> ")
        return terminal
    }

    @Test("a typed line runs, and Ctrl-D leaves with code 0")
    func typing() throws {
        let shell = try shell()
        try shell.type("seed 7\n", look: "seed 7\r\n")
        try shell.look(for: "[2]> ")
        try shell.type("\u{4}", look: "^D")
        #expect(shell.exitCode() == 0)
    }

    @Test("exit takes a code, and refuses one that no process can have")
    func exit() throws {
        let shell = try shell()
        try shell.type("exit 300\n", look: "exit takes a code")
        shell.type("exit 3\n")
        #expect(shell.exitCode() == 3)
    }

    @Test("Tab completes commands, options, values, files and variables, and lists what is left")
    func completion() throws {
        try folder.write("".utf8, to: "photo.jpg")
        let shell = try shell()
        try shell.type("hist\t\n", look: "nothing was typed")
        try shell.look(for: "[2]> ")
        try shell.type("set --is\tpor\t\n", look: "portable\r\n")
        try shell.look(for: "[3]> ")
        try shell.type("secret set MY_KEY --from-file ph\t\n", look: "value of MY_KEY is shorter")
        try shell.look(for: "[4]> ")
        try shell.type("secret \t", look: "list")
        try shell.look(for: "set")
        try shell.type("\u{15}rate = 3\n", look: "[5]> ")
        try shell.type("seed $r\t\n", look: "seed 3\r\n")
    }

    @Test("Ctrl-C clears the line and stays")
    func interruptAtPrompt() throws {
        let shell = try shell()
        try shell.type("some words", look: "some words")
        try shell.type("\u{3}", look: "^C")
        try shell.look(for: "[1]> ")
        for _ in 0..<5 { try shell.type("\u{3}", look: "[1]> ") }
        try shell.type("seed\n", look: "seed 42")
    }

    @Test("Ctrl-C stops a running cell at its next step, and the session lives on")
    func interruptInCell() throws {
        let shell = try shell()
        try shell.type("dataset make-cards --out cards --train 100000\n", look: "draw ")
        try shell.look(for: "1/")
        try shell.type("\u{3}", look: "interrupted")
        try shell.look(for: "[2]> ")
        try shell.type("cells\n", look: "interrupted")
        try shell.look(for: "[3]> ")
        try shell.type("\u{4}", look: "^D")
        #expect(shell.exitCode() == 0)
    }

    @Test("open brackets, quotes and Alt-Enter make several lines of one cell")
    func severalLines() throws {
        let shell = try shell()
        try shell.type("x = [1,\n2]\n", look: "[2]> ")
        try shell.type("vars\n", look: "[1, 2]")
        try shell.look(for: "[3]> ")
        try shell.type("seed 5\u{1B}\nseed\n", look: "seed 5\r\nseed 5\r\n")
    }

    @Test("a paste loses its prompts and arrives as one cell")
    func paste() throws {
        let shell = try shell()
        shell.type("\u{1B}[200~In [3]: seed 5\r\nIn [4]: 梅花 = 6\u{7}\n\u{1B}[201~")
        try shell.look(for: "梅花 = 6")
        try shell.type("\n", look: "[2]> ")
        try shell.type("vars\n", look: "梅花  integer  6")
        try shell.look(for: "[3]> ")
        try shell.type("cells\n", look: "seed 5 (and 1 more)")
    }

    @Test("Chinese is typed, deleted and completed")
    func chinese() throws {
        let shell = try shell()
        try shell.type("名字 = '梅花错\u{7F}中文'\n", look: "[2]> ")
        try shell.type("vars\n", look: "\"梅花中文\"")
        try shell.look(for: "[3]> ")
        try shell.type("seed $名\t\n", look: "VALUE of seed is \"梅花中文\"")
    }

    @Test("a window's new width keeps the line")
    func resize() throws {
        let shell = try shell(columns: 60)
        try shell.type("seed 1234", look: "1234")
        shell.resize(columns: 100)
        try shell.look(for: "seed 1234")
        try shell.type("5\n", look: "seed 12345\r\n")
    }

    @Test("inputs are recalled with the arrow and Ctrl-R, in the next shell too; those with a blank before are not")
    func history() throws {
        let first = try shell()
        try first.type("seed 11\n", look: "[2]> ")
        try first.type(" seed 12\n", look: "[3]> ")
        try first.type("vars\n", look: "[4]> ")
        try first.type("\u{4}", look: "^D")
        #expect(first.exitCode() == 0)
        let second = try shell()
        try second.type("\u{1B}[A\u{1B}[A\n", look: "seed 11\r\n")
        try second.look(for: "[2]> ")
        try second.type("\u{12}vars\n\n", look: "no variable is set")
    }

    @Test("a secret is asked for without being shown, and hidden ever after")
    func secret() throws {
        let shell = try shell()
        try shell.type("secret set MY_TOKEN\n", look: "value of MY_TOKEN: ")
        try shell.type("geheim-1234\n", look: "kept for this session")
        #expect(!shell.seen.contains("geheim"))
        try shell.look(for: "[2]> ")
        try shell.type("x = 'geheim-1234'\n", look: "[3]> ")
        try shell.type("vars\n", look: "[[secret MY_TOKEN]]")
    }
}
