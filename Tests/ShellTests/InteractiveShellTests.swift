import Foundation
import TestSupport
import Testing

@testable import Shell

/// Tests type at a real terminal, so they take turns.
@Suite("InteractiveShell", .serialized)
struct InteractiveShellTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test("a typed line runs, and Ctrl-D leaves with code 0")
    func typing() throws {
        let shell = try TypedShell(folder)
        try shell.run("seed 7", shows: "seed 7\r\n")
        try shell.leave()
    }

    @Test("exit takes a code, and refuses one that no process can have")
    func exit() throws {
        let shell = try TypedShell(folder)
        try shell.run("exit 300", shows: "expected 0 to 255")
        shell.terminal.type("exit 3\n")
        #expect(shell.terminal.exitCode() == 3)
    }

    @Test("Ctrl-C clears the line and stays")
    func interruptAtPrompt() throws {
        let shell = try TypedShell(folder)
        try shell.type("some words", shows: "some words")
        try shell.type("\u{3}", shows: "^C")
        try shell.waitForPrompt()
        for _ in 0..<5 { try shell.type("\u{3}", shows: "[1]> ") }
        try shell.run("seed", shows: "seed 42")
    }

    @Test("Ctrl-C stops a running cell at its next step, and the session lives on")
    func interruptInCell() throws {
        let shell = try TypedShell(folder)
        shell.terminal.type("dataset make-cards --out cards --train 100000\n")
        try shell.terminal.look(for: "draw ")
        try shell.terminal.look(for: "1/")
        try shell.type("\u{3}", shows: "interrupted")
        try shell.terminal.look(for: "[2]> ")
        try shell.type("cells\n", shows: "interrupted")
    }

    @Test("Ctrl-C stops training after an update, and generation after an image; both leave the prompt as it was")
    func interruptInModel() throws {
        let shell = try TypedShell(folder)
        for line in ["dataset load", "processor load", "model load"] { try shell.run(line) }
        shell.terminal.type("train --num-train-epochs 100 --per-device-train-batch-size 2 --output-dir run\n")
        try shell.terminal.look(for: "loss")
        try shell.type("\u{3}", shows: "interrupted")
        try shell.terminal.look(for: "[5]> ")
        try shell.type("vars\n", shows: "interrupted")
        try shell.terminal.look(for: "[6]> ")
        shell.terminal.type("evaluate train --batch-size 1 --max-new-tokens 512\n")
        try shell.terminal.look(for: "1/160")
        try shell.type("\u{3}", shows: "interrupted")
        try shell.terminal.look(for: "[7]> ")
        try shell.type("seed\n", shows: "seed 42")
    }

    @Test("open brackets, quotes and Alt-Enter make several lines of one cell")
    func severalLines() throws {
        let shell = try TypedShell(folder)
        try shell.run("x = [1,\n2]")
        try shell.run("vars", shows: "[1, 2]")
        try shell.type("seed 5\u{1B}\nseed\n", shows: "seed 5\r\nseed 5\r\n")
    }

    @Test(
        "a paste loses its prompts and arrives as one cell",
        arguments: [
            "In [3]: seed 5\rIn [4]: 梅花 = 6\u{7}\r", "In [3]: seed 5\n   ...: 梅花 = 6\n", ">>> seed 5\n... 梅花 = 6\n\n",
            "[1]> seed 5\n[2]> 梅花 = 6", "seed 5\n梅花 = 6",
        ])
    func paste(text: String) throws {
        let shell = try TypedShell(folder)
        shell.terminal.type("\u{1B}[200~\(text)\u{1B}[201~")
        try shell.terminal.look(for: "梅花 = 6")
        try shell.run("")
        try shell.run("vars", shows: "梅花  integer  6")
        try shell.type("history\n", shows: "1  seed 5\r\n   梅花 = 6\r\n")
    }

    @Test("Chinese is typed, deleted and completed")
    func chinese() throws {
        let shell = try TypedShell(folder)
        try shell.run("名字 = '梅花错\u{7F}中文'")
        try shell.run("vars", shows: "\"梅花中文\"")
        try shell.type("seed $名\t\n", shows: "VALUE of seed is \"梅花中文\"")
    }

    @Test("a window's new width keeps the line")
    func resize() throws {
        let shell = try TypedShell(folder, columns: 60)
        try shell.type("seed 1234", shows: "1234")
        shell.terminal.resize(columns: 100)
        try shell.terminal.look(for: "seed 1234")
        try shell.run("5", shows: "seed 12345\r\n")
    }

    @Test("a secret is asked for without being shown, and hidden ever after")
    func secret() throws {
        let shell = try TypedShell(folder)
        try shell.type("secret set MY_TOKEN\n", shows: "value of MY_TOKEN: ")
        try shell.type("geheim-1234\n", shows: "kept for this session")
        #expect(!shell.terminal.seen.contains("geheim"))
        try shell.terminal.look(for: "[2]> ")
        try shell.type("x = 'geheim-1234'\n", shows: "[3]> ")
        try shell.type("vars\n", shows: "[[secret MY_TOKEN]]")
    }

    @Test("an alias is written out before it runs, and completes like what it stands for")
    func aliases() throws {
        let shell = try TypedShell(folder)
        try shell.run("alias s = set --threads 2", shows: "s  = set --threads 2")
        try shell.run("s --is\tport\t", shows: "portable\r\n")
        try shell.run("history", shows: "set --threads 2 --isa portable")
        try shell.run("alias", shows: "quit  = exit\r\ns     = set --threads 2")
        try shell.run("alias remove s", shows: "s is forgotten")
        shell.terminal.type("quit\n")
        #expect(shell.terminal.exitCode() == 0)
    }

    @Test("a recording begun in the shell holds what an alias stands for, and no exit")
    func recordedAlias() throws {
        let shell = try TypedShell(folder)
        try shell.run("alias s = seed")
        try shell.run("record r.session.md", shows: "recording to")
        try shell.run("s 5", shows: "seed 5")
        shell.terminal.type("exit\n")
        #expect(shell.terminal.exitCode() == 0)
        let text = try String(contentsOfFile: folder.path + "/r.session.md", encoding: .utf8)
        #expect(text.contains("```nb id=3\nseed 5\n```"))
        #expect(!text.contains("alias") && !text.contains("exit"))
    }

    @Test("long help is shown page by page, unless the pager is off")
    func pager() throws {
        let shell = try TypedShell(folder, environment: ["PAGER": "sed 's/^/PAGED /'", "PATH": "/usr/bin:/bin"])
        try shell.run("help", shows: "PAGED Session", "PAGED help COMMAND shows")
        try shell.run("seed", shows: "\u{1B}[?2004lseed 42")
        try shell.run("set --pager off", shows: "off\r\nundo-budget")
        try shell.run("help", shows: "lSession\r\n", "\r\nhelp COMMAND shows")
    }

    @Test("progress of training is one line that fits a narrow window, and gone when the cell ends")
    func progress() throws {
        let shell = try TypedShell(folder, columns: 40)
        try shell.run("dataset make-cards --out cards --train 12 --valid 1 --test 1 --size 64", shows: "\r\u{1B}[Kdraw")
        let drawn = shell.terminal.everything.split(separator: "\r\u{1B}[K").dropFirst()
        #expect(!drawn.isEmpty)
        for line in drawn { #expect(line.prefix { $0 != "\r" && $0 != "\n" && $0 != "\r\n" }.count <= 39) }
    }
}

/// What Tab offers, at a real terminal.
@Suite("Completion at the prompt", .serialized)
struct PromptCompletionTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test("Tab completes commands, options, values, files and variables, and lists what is left")
    func completion() throws {
        try folder.write("".utf8, to: "photo.jpg")
        let shell = try TypedShell(folder)
        try shell.run("hist\t", shows: "nothing was typed")
        try shell.run("set --is\tpor\t", shows: "portable\r\n")
        try shell.run("secret set MY_KEY --from-file ph\t", shows: "value of MY_KEY is shorter")
        try shell.type("secret \t", shows: "list")
        try shell.terminal.look(for: "set")
        try shell.type("\u{15}rate = 3\n", shows: "[5]> ")
        try shell.type("seed $r\t\n", shows: "seed 3\r\n")
    }

    @Test("Tab knows the data set's splits, examples and classes, pictures, and cells")
    func liveNames() throws {
        try folder.write("".utf8, to: "two words.PNG")
        let shell = try TypedShell(folder)
        try shell.run("dataset load sam\t", shows: "9 classes")
        try shell.run("dataset head te\t--count 1", shows: "test_000.jpg")
        try shell.type("infer test[\t", shows: "test[0]")
        try shell.type("3\t", shows: "test[39]")
        try shell.type("\u{15}infer tw\t", shows: "'two words.PNG' ")
        try shell.type("\u{15}infer x --prefix 'detect king of s\t", shows: "pades' ")
    }
}

/// What the arrows and Ctrl-R find, and what the history's file holds.
@Suite("History at the prompt", .serialized)
struct PromptHistoryTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private var file: String {
        get throws { try String(contentsOfFile: folder.path + "/palinote/history.jsonl", encoding: .utf8) }
    }

    @Test("inputs are recalled with the arrow and Ctrl-R, in the next shell too; those with a blank before are not")
    func history() throws {
        let first = try TypedShell(folder)
        try first.run("seed 11")
        try first.run(" seed 12")
        try first.run("vars")
        try first.leave()
        let second = try TypedShell(folder)
        try second.run("\u{1B}[A\u{1B}[A", shows: "seed 11\r\n")
        try second.type("\u{12}vars\n\n", shows: "no variable is set")
    }

    @Test("the file is private and holds nothing twice")
    func privacy() throws {
        let shell = try TypedShell(folder)
        for line in ["seed 1", "seed 2", "seed 1", "seed 1"] { try shell.run(line) }
        try shell.leave()
        #expect(try file == "{\"input\":\"seed 2\"}\n{\"input\":\"seed 1\"}\n")
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/palinote/history.jsonl")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("a secret is in no line of it: typed by mistake, too short, used before it was known, or of a known shape")
    func secrets() throws {
        let shell = try TypedShell(folder)
        try shell.run("x = 'geheim-1234'")
        try shell.run("secret set MY_TOKEN geheim-1234", shows: "could be read on the screen")
        try shell.run("secret set OTHER abc", shows: "shorter")
        try shell.run("y = 'hf_abcdefghijklmnopqrstuvwxyzABCDEFGH'")
        try shell.run("x = 'geheim-1234 again'")
        try shell.run("history", shows: "[[secret MY_TOKEN]]")
        try shell.leave()
        #expect(try file == "{\"input\":\"history\"}\n")
    }
}

/// Commands that are run before the first prompt.
@Suite("Start-up file", .serialized)
struct StartUpTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/.config/palinote", withIntermediateDirectories: true)
        try folder.write(
            "# mine\nalias s = \\\n  seed\nnonsense\nset --images off\n".utf8, to: ".config/palinote/startup")
        try folder.write("seed 9\n".utf8, to: "other")
    }

    @Test("the user's file is run first, says only what goes wrong, and takes no cell's number")
    func standardFile() throws {
        let shell = try TypedShell(folder, [])
        #expect(shell.terminal.everything.contains("no command is called \"nonsense\""))
        #expect(shell.terminal.everything.contains("(line 4 of \(folder.path)/.config/palinote/startup)"))
        #expect(!shell.terminal.everything.contains("images"))
        try shell.run("s 5", shows: "seed 5\r\n")
        try shell.run("set", shows: "off\r\npager")
    }

    @Test("--init names another file, --no-init none")
    func options() throws {
        let other = try TypedShell(folder, ["--init", "other"])
        try other.run("seed", shows: "seed 9\r\n")
        try other.leave()
        let none = try TypedShell(folder, ["--no-init"])
        try none.run("s", shows: "no command is called \"s\"")
        try none.leave()
        let missing = try TypedShell(folder, ["--init", "missing"])
        #expect(missing.terminal.everything.contains("missing: cannot read"))
    }

    @Test("commands that are piped in do not depend on it")
    func pipe() throws {
        let piped = try PipedProgram(folder, [], input: "s 5\n")
        #expect(piped.code == 1)
        #expect(piped.errors.contains("no command is called \"s\""))
    }
}
