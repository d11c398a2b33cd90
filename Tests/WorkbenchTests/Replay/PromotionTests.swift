import Console
import Foundation
import TestSupport
import Testing

@testable import Workbench

@Suite("promote")
struct PromotionTests {
    private let recorded: RecordedFolder
    private let session: Session

    init() throws {
        recorded = try RecordedFolder()
        let folder = recorded.folder.path
        session = Session(
            surroundings: SessionSurroundings(
                folder: folder, assets: AssetFolder(path: folder + "/out", shownAs: "out")))
    }

    private func type(_ cells: String...) { for cell in cells { session.execute(cell) } }

    /// The cells of a promoted file, which must replay strictly at once and have no mistakes.
    private func promoted(_ name: String) throws -> [String] {
        let run = try recorded.run("replay", name, "--strict")
        #expect(run.code == 0, "\(run.output)\(run.errors)")
        #expect(try recorded.run("lint", name).output == "clean  \(name)\n")
        return try SessionFile(parsing: FileAccess.readText(recorded.folder.path + "/" + name), file: name)
            .cells.map(\.sourceText)
    }

    private func say(_ result: CellResult) -> String {
        result.outputs.flatMap(Renderer().lines).joined(separator: "\n")
    }

    @Test("the last cell, and what it needs of those before, replays strictly at once; what was dropped is said")
    func last() throws {
        type(
            "device", "dataset load card", "dataset load cards", "n = 1", "dataset stats", "seed 7", "n = 0", "x = 5",
            "dataset show train[$n]", "cells")
        let said = say(session.execute("promote last > p.session.md --title 'Look'"))
        #expect(try promoted("p.session.md") == ["dataset load cards", "n = 0", "dataset show train[$n]"])
        #expect(
            said == """
                promoted  3 cells to p.session.md: 3, 7, 9
                dropped   1, 4, 5, 6, 8: nothing later needs it
                dropped   2: failed, and tried again in 3
                dropped   10: about the session it was typed in
                masked    nothing
                next      palinote replay p.session.md --strict
                """)
    }

    @Test("named cells are the test, with what they need; masks are counted")
    func range() throws {
        type("x = 1", "dataset load cards", "y = 2", "vars", "seed no", "seed no", "device")
        let said = say(session.execute("promote last 4 >q.session.md"))
        #expect(
            try promoted("q.session.md") == [
                "x = 1", "dataset load cards", "y = 2", "vars", "seed no", "seed no", "device",
            ])
        #expect(said.contains("masked    4 names of the machine, 1 amount of memory, 1 path"))
        #expect(session.execute("promote 3..4 > r.session.md").status == .ok)
        #expect(try promoted("r.session.md") == ["x = 1", "dataset load cards", "y = 2", "vars"])
        #expect(session.execute("promote 3 > s.session.md").status == .ok)
        #expect(try promoted("s.session.md") == ["y = 2"])
    }

    @Test("a failed cell whose beginning is used stays; random streams start where they did")
    func partial() throws {
        type("seed 9\nn = 0\nnonsense", "dataset load cards", "dataset show train[$n]")
        session.execute("promote last > p.session.md")
        #expect(try promoted("p.session.md").first == "seed 9\nn = 0\nnonsense")
        #expect(try FileAccess.readText(recorded.folder.path + "/p.session.md").contains("seed: 42\n"))
    }

    @Test("a file that one cell writes and another reads ties them together")
    func files() throws {
        type(
            "dataset load cards", "x = 1", "dataset convert --to coco --out converted", "dataset load converted",
            "dataset head test --count 1")
        session.execute("promote last > p.session.md")
        try FileManager.default.removeItem(atPath: recorded.folder.path + "/converted")
        #expect(
            try promoted("p.session.md") == [
                "dataset load cards", "dataset convert --to coco --out converted", "dataset load converted",
                "dataset head test --count 1",
            ])
    }

    @Test("a cell that was run again, or undone, is promoted as it is now")
    func repeated() throws {
        type("dataset load cards", "dataset show train[0]", "run 2", "x = 1", "undo")
        session.execute("promote last 2 > p.session.md")
        #expect(try promoted("p.session.md") == ["dataset load cards", "dataset show train[0]"])
        #expect(try FileAccess.names(in: recorded.folder.path + "/p.assets") == ["cell-2-1.png"])
    }

    @Test(
        "a wrong line says what is missing",
        arguments: [
            ("promote last", "promote needs > FILE"), ("promote > p.md", "promote needs last, or cells"),
            ("promote last > a.md b.md", "\"b.md\" is one word too many for promote"),
            ("promote lst > p.md", "what to promote of promote is \"lst\", expected a cell that was run"),
            (
                "promote last 3 > p.md",
                "what to promote of promote is \"last 3\", expected last, or last N with N from 1 to 2"
            ),
            ("promote 2..1 > p.md", "what to promote of promote is \"2..1\", expected a range that goes forward"),
            ("promote last > t.session.md", "t.session.md exists already; choose another name or remove it first"),
        ])
    func mistakes(line: String, message: String) {
        type("x = 1", "y = 2")
        let result = session.execute(line)
        #expect(result.failure?.message.shown.replacing(recorded.folder.path + "/", with: "") == message)
    }

    @Test("nothing to promote, an interrupted cell and a lost picture are told, and no file is written")
    func refusals() throws {
        #expect(session.execute("promote last > p.session.md").status == .failed)
        session.surroundings.receive = { [interrupt = session.interrupt] _ in
            if !interrupt.isRequested { interrupt.request() }
        }
        session.execute("n = 0\ndevice\ndevice")
        session.surroundings.receive = { _ in }
        session.execute("promote last > p.session.md")
        type("dataset load cards", "dataset show train[$n]")
        #expect(
            session.execute("promote last > p.session.md").failure?.message.shown.contains("was interrupted") == true)
        type("n = 0", "dataset show train[$n]")
        try FileAccess.removeFolder(recorded.folder.path + "/out")
        #expect(
            session.execute("promote last > p.session.md").failure?.message.shown.contains("run the cell again") == true
        )
        #expect(!FileAccess.exists(recorded.folder.path + "/p.session.md"))
    }
}
