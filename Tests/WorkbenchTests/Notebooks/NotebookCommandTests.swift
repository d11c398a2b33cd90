import Foundation
import Images
import JSON
import TestSupport
import Testing

@testable import Workbench

@Suite("save, export, import")
struct NotebookCommandTests {
    /// A session in which a text, a picture and a failure were shown.
    private func desk() throws -> CommandRunner {
        let runner = try CommandRunner()
        _ = runner.run("seed 7\n# 注")
        _ = runner.run("dataset load samples/cards\ndataset show test --count 1")
        _ = runner.run("dataset shw")
        return runner
    }

    private func path(_ runner: CommandRunner, _ name: String) -> String { Paths.join(runner.folder.path, name) }

    @Test("save writes a session file with its pictures, which replays")
    func save() throws {
        let runner = try desk()
        #expect(runner.lines("save a.session.md --title 'A: b'") == ["saved 3 cells to a.session.md"])
        let text = try FileAccess.readText(path(runner, "a.session.md"))
        let file = try SessionFile(parsing: text, file: "a")
        #expect(file.header[.title] == "A: b")
        #expect(file.header[.seed] == "42", "the seed that the session began with")
        #expect(
            file.cells.map(\.sourceText) == [
                "seed 7\n# 注", "dataset load samples/cards\ndataset show test --count 1", "dataset shw",
            ])
        #expect(file.cells.map { $0.recordedEnd?.code } == [0, 0, 1])
        let references = file.cells[1].outputs.compactMap { block -> PictureReference? in
            if case .picture(let reference, _) = block { reference } else { nil }
        }
        #expect(references.map(\.path) == ["a.assets/cell-2-1.png"])
        let image = try ImageBuffer(contentsOf: path(runner, "a.assets/cell-2-1.png"))
        #expect(image.pixelDigest.hasPrefix(references[0].digest))
        #expect(runner.error("save a.session.md")?.contains("add --replace") == true)
        #expect(runner.lines("save a.session.md --replace").last == "saved 3 cells to a.session.md")
    }

    @Test("nothing is saved of a session in which nothing was run")
    func nothing() throws {
        let runner = try CommandRunner()
        #expect(runner.error("save a.session.md") == "no cell was run yet, so there is nothing to write")
        #expect(runner.error("export a.ipynb") == "no cell was run yet, so there is nothing to write")
    }

    @Test("an overwritten picture is said to be missing")
    func overwritten() throws {
        let runner = try desk()
        try ImageBuffer(width: 2, height: 2, fill: .white).write(toPNG: path(runner, "out/cell-2-1.png"))
        #expect(runner.lines("save a.session.md").first?.contains("out/cell-2-1.png was changed or removed") == true)
    }

    @Test("a secret's value reaches no file")
    func secret() throws {
        let runner = try CommandRunner()
        _ = runner.run("x = 'sesame-open-9'")
        try runner.session.secrets.set("PASS_KEY", to: "sesame-open-9")
        for name in ["a.session.md", "a.ipynb", "a.py", "a.html"] {
            let command = name.hasSuffix(".md") ? "save" : "export"
            #expect(runner.error("\(command) \(name)")?.contains("a secret's value stands in it") == true, "\(name)")
            #expect(!FileAccess.exists(path(runner, name)))
        }
    }

    @Test("an exported notebook has values in place of masks, and comes back with the masks")
    func exportAndImport() throws {
        let clock = Clock()
        let runner = try CommandRunner(now: { clock.next() })
        _ = runner.run("model load samples/tiny-paligemma2")
        _ = runner.run("dataset load samples/cards\ndataset show test --count 1")
        #expect(runner.lines("export a.ipynb").last == "exported 2 cells to a.ipynb")
        let notebook = try Notebook(parsing: try FileAccess.readText(path(runner, "a.ipynb")), file: "a.ipynb")
        guard case .stream("stdout", let said)? = notebook.cells.first(where: { $0.kind == .code })?.outputs.first
        else {
            Issue.record("the first cell has no text")
            return
        }
        #expect(said.contains("parameters  9,401,088 in 160 tensors"))
        #expect(!said.contains("[["))
        let picture = notebook.cells.flatMap(\.outputs).compactMap { output in
            if case .display(let data, _, _) = output { NotebookPicture.bytes(in: data) } else { nil }
        }
        #expect(picture.count == 1)
        #expect(runner.lines("import a.ipynb b.session.md").last == "imported to b.session.md")
        let file = try SessionFile(parsing: try FileAccess.readText(path(runner, "b.session.md")), file: "b")
        #expect(
            file.cells[0].outputs.flatMap(\.lines).contains { $0.hasPrefix("opened in") && $0.hasSuffix("[[dur]]") })
        #expect(FileAccess.exists(path(runner, "a.assets/cell-2-1.png")))
    }

    @Test(
        "wrong names and files are told what to do",
        arguments: [
            ("export a.pdf", "a.pdf: the ending says no format; give .ipynb, .py or .html"),
            ("import none.ipynb", "cannot read"), ("import text.ipynb", "JSON needs"),
            ("import list.ipynb", "it is no notebook"), ("import old.ipynb", "it is of format 3"),
        ])
    func mistakes(command: String, expected: String) throws {
        let runner = try CommandRunner()
        _ = runner.run("seed")
        try runner.write("hello", to: "text.ipynb")
        try runner.write("[1]", to: "list.ipynb")
        try runner.write(#"{"nbformat": 3, "worksheets": []}"#, to: "old.ipynb")
        #expect(runner.error(command)?.contains(expected) == true)
    }

    @Test(
        "a notebook cannot write outside of the session's folder",
        arguments: ["../x.png", "/tmp/palinote-x.png", "a/x.sh"])
    func outside(target: String) throws {
        let runner = try CommandRunner()
        let picture = "![a](\(target) \"sha256:c01d6a7f22e9 1x1\")"
        let file = try SessionFile(parsing: "```nb id=a\n```\n\(picture)\n", file: "a")
        let export = NotebookExport(ConversionSource(file: file, name: "a") { _ in NotebookRoundTripTests.picture })
        try runner.write(export.notebook.text, to: "a.ipynb")
        #expect(runner.error("import a.ipynb")?.contains("it is not written") == true)
    }
}

/// A clock that goes on by a second whenever it is looked at.
private final class Clock {
    private var seconds = 0.0
    func next() -> Double {
        seconds += 1
        return seconds
    }
}
