import Console
import TestSupport
import Testing

@testable import Workbench

@Suite("SessionRecorder")
struct SessionRecorderTests {
    @Test("a recording is whole after each cell, replays, and leaves record itself out")
    func recording() throws {
        let folder = try ScratchFolder()
        let path = Paths.join(folder.path, "r.session.md")
        let session = makeSession(folder.path)
        session.execute("record r.session.md --title Test")
        session.execute("x = 1")
        #expect(try SessionFile(parsing: FileAccess.readText(path), file: "r").cells.map(\.sourceText) == ["x = 1"])
        session.execute("vars\nseed 3")
        #expect(session.execute("record off").status == .ok)
        session.execute("seed 9")
        let file = try SessionFile(parsing: FileAccess.readText(path), file: "r")
        #expect(file.cells.map(\.sourceText) == ["x = 1", "vars\nseed 3"])
        let opened = OpenedSession(path: path, file: file, folder: folder.path, root: folder.path)
        #expect(Replayer(opened: opened, session: makeSession(folder.path), isStrict: true).run().divergences.isEmpty)
    }

    @Test("a secret's value in the bytes ends the recording, and the file of before stays")
    func secrets() throws {
        let folder = try ScratchFolder()
        let path = Paths.join(folder.path, "r.session.md")
        let session = makeSession(folder.path)
        session.execute("record r.session.md")
        try session.secrets.set("TOKEN", to: "geheim-1234")
        session.execute("x = 'geheim-1234'\nvars\nseed geheim-1234")
        let text = try FileAccess.readText(path)
        #expect(text.contains("[[secret TOKEN]]"))
        #expect(!text.contains("geheim"))
        var cell = SessionCell(id: "x", source: "geheim-1234")
        cell.outputs = []
        let file = SessionFile(header: SessionHeader([]), elements: [.cell(cell)])
        #expect(throws: RecordingError.holdsSecret(file: path)) {
            try SessionPlace.write(file, to: path, secrets: session.secrets)
        }
    }

    @Test("recording twice, over a file, or ending none says what to do")
    func mistakes() throws {
        let folder = try ScratchFolder()
        let session = makeSession(folder.path)
        #expect(
            session.execute("record off").failure?.message.shown == "nothing is being recorded; begin with record FILE")
        session.execute("record r.session.md")
        #expect(session.execute("record s.session.md").status == .failed)
        session.execute("record off")
        #expect(session.execute("record r.session.md").status == .failed)
    }

    @Test("paths of this place are written relative to the session's folder")
    func paths() {
        let surroundings = SessionSurroundings(
            folder: "/tmp/place", assets: AssetFolder(path: "/tmp/a"), home: "/home/me")
        let result = CellResult(
            cell: Cell(id: "1", source: ""), status: .ok,
            outputs: [
                .text("a [[any]] [[1]] [[secret A]]"), .text("read /tmp/place/a.jpg and /home/me/b"), .warning("..."),
            ], state: nil,
            duration: 0)
        let blocks = RecordedOutputs(surroundings).blocks(result, stateBefore: nil)
        #expect(
            blocks.flatMap(\.lines) == [
                "```out rc=0", "a \\[[any]] [[1]] [[secret A]]", "read a.jpg and ~/b", "```", "```err", "\\...", "```",
            ])
        #expect(SessionPlace.relativeRoot(from: "/a/b/c/d", to: "/a/b") == "../..")
        #expect(SessionPlace.relativeRoot(from: "/x", to: "/a/b") == "/a/b")
        #expect(Paths.normalized("/a/./b/../c") == "/a/c")
        #expect(Paths.normalized("../a/..") == "..")
    }
}
