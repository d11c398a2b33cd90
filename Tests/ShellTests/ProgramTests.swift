import Foundation
import JSON
import TestSupport
import Testing

@Suite("The program without a terminal")
struct ProgramTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test("piped commands show results alone: no prompt, color, animation or history")
    func plain() throws {
        let program = try PipedProgram(
            folder, [], input: "seed 7\nx = [1,\n2]\nvars\n", environment: ["TERM": "xterm-256color"])
        #expect(program.code == 0)
        #expect(program.output == "seed 7\nname  kind  value\nx     list  [1, 2]\n")
        #expect(program.errors.isEmpty)
        #expect(try folder.names().isEmpty)
    }

    @Test("it stops at the first cell that fails, unless it is told to go on")
    func stopping() throws {
        let input = "seed 1\nnonsense\nseed 2\n"
        let stopped = try PipedProgram(folder, [], input: input)
        #expect(stopped.code == 1 && stopped.lines == ["seed 1"])
        #expect(stopped.errors.hasPrefix("error: no command is called \"nonsense\"\n  nonsense\n  ^~~~~~~~\n"))
        let goingOn = try PipedProgram(folder, ["--keep-going"], input: input)
        #expect(goingOn.code == 1 && goingOn.lines == ["seed 1", "seed 2"])
        let exec = try PipedProgram(folder, ["exec", "seed 1", "nonsense", "seed 2"])
        #expect(exec.code == 1 && exec.lines == ["seed 1"])
    }

    @Test(
        "exit codes",
        arguments: [
            (["exec", "seed"], 0), (["exec", "nonsense"], 1), (["exec", "exit 7", "seed"], 7), (["exec"], 2),
            (["nonsense"], 2), (["--seed", "x"], 2), (["replay", "missing.session.md"], 3), (["--version"], 0),
            (["exec", "--help"], 0), (["run", "missing.session.md"], 3),
        ] as [([String], Int32)])
    func codes(arguments: [String], expected: Int32) throws {
        #expect(try PipedProgram(folder, arguments).code == expected)
    }

    @Test("with --json each output is one object on one line, failures too")
    func json() throws {
        let program = try PipedProgram(
            folder, ["exec", "--json", "seed 7", "dataset make-cards --out c --train 2 --valid 0 --test 0", "nonsense"])
        let objects = try program.lines.map { try JSON(parsing: $0) }
        #expect(objects.first?["output"]?.string == "text")
        #expect(objects.last?["output"]?.string == "failure")
        #expect(objects.contains { $0["output"]?.string == "progress" })
        #expect(program.errors.isEmpty)
    }

    @Test("progress in a log is a few whole lines, and none with --quiet")
    func log() throws {
        let cards = "dataset make-cards --out %@ --train 40 --valid 0 --test 0 --size 64"
        let program = try PipedProgram(folder, ["exec", cards.replacing("%@", with: "a")])
        let lines = program.errors.split(separator: "\n")
        #expect((1...3).contains(lines.count) && lines.allSatisfy { $0.hasPrefix("draw ") })
        #expect(!program.errors.contains("\r") && !program.errors.contains("\u{1B}"))
        #expect(try PipedProgram(folder, ["exec", "--quiet", cards.replacing("%@", with: "b")]).errors.isEmpty)
    }

    @Test(
        "color on request alone",
        arguments: [
            ([:], [], false), (["CLICOLOR_FORCE": "1"], [], true),
            (["CLICOLOR_FORCE": "1", "NO_COLOR": "1"], [], false),
            ([:], ["--color", "always"], true), (["CLICOLOR_FORCE": "1"], ["--color", "never"], false),
        ] as [([String: String], [String], Bool)])
    func color(environment: [String: String], options: [String], expected: Bool) throws {
        let program = try PipedProgram(folder, ["exec", "help seed"] + options, environment: environment)
        #expect(program.output.contains("\u{1B}[") == expected)
    }

    @Test("a terminal's width comes from the window, else COLUMNS, and --width says it; a pipe cuts nothing")
    func width() throws {
        let long = "a" + String(repeating: " word", count: 30)
        let commands = ["exec", "x = '\(long)'", "vars"]
        #expect(try PipedProgram(folder, commands, environment: ["COLUMNS": "40"]).output.contains(long))
        let narrow = try PipedProgram(folder, commands + ["--width", "40"])
        #expect(narrow.lines.allSatisfy { $0.count <= 40 } && narrow.output.contains("…"))
        for (columns, expected) in [(50, 50), (0, 44)] {
            let terminal = try Terminal(
                folder: folder.path, arguments: commands, columns: columns, environment: ["COLUMNS": "44"])
            #expect(terminal.exitCode() == 0)
            #expect(terminal.everything.split(separator: "\r\n").map(\.count).max() == expected)
        }
    }

    @Test("a picture in a terminal stands below the line that names its file")
    func picture() throws {
        let commands = [
            "exec", "dataset make-cards --out c --train 1 --valid 0 --test 0 --size 64", "dataset load c",
            "dataset show",
        ]
        let terminal = try Terminal(
            folder: folder.path, arguments: commands + ["--images", "sixel", "--quiet"], environment: [:])
        #expect(terminal.exitCode() == 0)
        let shown = terminal.everything.split(separator: "\r\n").first { $0.contains("\u{1B}P0;1;0q") }
        #expect(shown != nil)
        #expect(terminal.everything.contains("out/cell-3-1.png  "))
        #expect(
            !(try PipedProgram(folder, commands.suffix(2).map { $0 } + ["--images", "sixel"]).output.contains("\u{1B}"))
        )
    }
}
