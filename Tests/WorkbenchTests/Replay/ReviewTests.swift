import Images
import TestSupport
import Testing

@testable import Workbench

@Suite("review and accept")
struct ReviewTests {
    /// A recorded session in which the picture and a number differ from what its cells do.
    private func differing() throws -> RecordedFolder {
        let folder = try RecordedFolder()
        try folder.change("boxes an image   3.25", to: "boxes an image   3.35")
        try folder.blacken(tileX: 3, tileY: 2)
        #expect(try folder.run("replay", "t.session.md").code == 1)
        return folder
    }

    private static let waiting = ["cards", "t.assets", "t.assets.new", "t.session.md", "t.session.md.new"]
    private static let done = ["cards", "t.assets", "t.session.md"]

    @Test("what is accepted makes the file replay, and nothing is left")
    func accepting() throws {
        let folder = try differing()
        #expect(try folder.folder.names() == Self.waiting)
        let run = try folder.run("review", "t.session.md", input: "a\na\n")
        #expect(run.code == 0)
        #expect(run.output.contains("- boxes an image   3.35\n+ boxes an image   3.25\n"))
        #expect(run.output.contains("t.assets.new/look-1.beside.png"))
        #expect(run.output.contains("2 accepted, nothing is left"))
        #expect(try folder.folder.names() == Self.done)
        #expect(try folder.text == RecordedFolder().text)
        #expect(try folder.run("replay", "t.session.md", "--strict").code == 0)
        #expect(try folder.run("lint", "t.session.md").code == 0)
    }

    @Test("what is rejected stays as recorded, and nothing is left")
    func rejecting() throws {
        let folder = try differing()
        let before = try folder.text
        let run = try folder.run("review", "t.session.md", input: "R\n")
        #expect(run.output.contains("0 accepted, 2 rejected, nothing is left"))
        #expect(try folder.text == before)
        #expect(try folder.folder.names() == Self.done)
    }

    @Test(
        "what is skipped waits; leaving, an end of input and a wrong letter judge nothing",
        arguments: ["S\n", "q\n", "", "x\n"])
    func waiting(input: String) throws {
        let folder = try differing()
        let before = try folder.text
        let run = try folder.run("review", "t.session.md", input: input)
        #expect(run.code == 0)
        #expect(run.output.contains("0 accepted, 2 left in t.session.md.new"))
        #expect(try folder.text == before)
        let later = try folder.run("review", "t.session.md", input: "s\nA\n")
        #expect(later.output.contains("1 accepted, 1 left"))
        #expect(try folder.text.contains("boxes an image   3.25"))
        #expect(
            try folder.run("accept", "t.session.md", "--all").output
                == "1 accepted, nothing is left of t.session.md.new\n")
        #expect(try folder.text == RecordedFolder().text)
    }

    @Test("one cell is accepted by its name; another name is an error with a near one")
    func oneCell() throws {
        let folder = try differing()
        let wrong = try folder.run("accept", "t.session.md", "--cell", "statz")
        #expect(wrong.code == 2)
        #expect(wrong.errors.contains("did you mean stats?"))
        #expect(try folder.run("accept", "t.session.md").code == 2)
        #expect(try folder.run("accept", "t.session.md", "--all", "--cell", "stats").code == 2)
        #expect(
            try folder.run("accept", "t.session.md", "--cell", "stats").output
                == "1 accepted, 1 left in t.session.md.new\n")
        #expect(try folder.text.contains("boxes an image   3.25"))
        #expect(try folder.run("replay", "t.session.md").output.contains("cell     look"))
    }

    @Test("lines whose masks and rules still match, blank lines and limits stay byte for byte")
    func keeping() throws {
        let folder = try differing()
        try folder.change("boxes an image   3.35", to: "boxes an image   [[num 3.35 ±1%]]")
        try folder.change("image sizes      288x288 (4)", to: "image sizes      [[any]]")
        try folder.change("tile<=4", to: "tile<=3")
        try folder.change("\n```boxes", to: "\n\n```boxes")
        #expect(try folder.run("replay", "t.session.md").code == 1)
        #expect(try folder.run("accept", "t.session.md", "--all").code == 0)
        let text = try folder.text
        #expect(text.contains("boxes an image   3.25\n"))
        #expect(text.contains("image sizes      [[any]]\n"))
        #expect(text.contains("tile<=3"))
        #expect(text.contains("\n\n```boxes"))
        #expect(try folder.run("replay", "t.session.md", "--strict").code == 0)
    }

    @Test("with CI set nothing is accepted, with code 3 and the reason", arguments: ["review", "accept"])
    func continuousIntegration(command: String) throws {
        let folder = try differing()
        let before = try folder.text
        let words = command == "accept" ? ["accept", "t.session.md", "--all"] : ["review", "t.session.md"]
        let run = try ProgramRun(words, in: folder.folder.path, input: "A\n", environment: ["CI": "true"])
        #expect(run.code == 3)
        #expect(run.errors.contains("CI is set"))
        #expect(try folder.text == before)
        #expect(try folder.folder.names() == Self.waiting)
    }

    @Test("a file that was changed since, a picture that is gone, and no replay at all are told")
    func mistakes() throws {
        let folder = try differing()
        try FileAccess.remove(folder.folder.path + "/t.assets.new/look-1.png")
        let gone = try folder.run("accept", "t.session.md", "--cell", "look")
        #expect(gone.code == 3)
        #expect(gone.errors.contains("t.assets.new/look-1.png of the replay is not there any more"))
        try folder.change("rate = 0.125", to: "rate = 0.25")
        let outdated = try folder.run("accept", "t.session.md", "--all")
        #expect(outdated.code == 3)
        #expect(outdated.errors.contains("t.session.md was changed since its replay"))
        let recorded = try RecordedFolder()
        #expect(
            try recorded.run("review", "t.session.md").output == "nothing to review: t.session.md.new is not there\n")
        #expect(try recorded.run("accept", "t.session.md", "--all").code == 0)
        #expect(try recorded.run("review", "none.session.md").code == 3)
    }

    @Test("a picture that a cell does not show any more goes, and so does what waited when a replay is the same")
    func leftovers() throws {
        let folder = try RecordedFolder()
        try folder.change("dataset show train[0]", to: "rate = 2")
        #expect(try folder.run("replay", "t.session.md").code == 1)
        #expect(try folder.run("accept", "t.session.md", "--all").code == 0)
        #expect(try FileAccess.names(in: folder.folder.path + "/t.assets").isEmpty)
        let other = try differing()
        try other.change("boxes an image   3.35", to: "boxes an image   3.25")
        #expect(try other.run("accept", "t.session.md", "--cell", "look").code == 0)
        try other.change("boxes an image   3.25", to: "boxes an image   3.35")
        #expect(try other.run("replay", "t.session.md").code == 1)
        try other.change("boxes an image   3.35", to: "boxes an image   3.25")
        #expect(try other.run("replay", "t.session.md").code == 0)
        #expect(try other.folder.names() == Self.done)
    }
}

@Suite("LineChanges")
struct LineChangesTests {
    @Test("kept, removed and added lines stand in order, and few kept ones around them")
    func changes() {
        let old = (1...9).map(String.init)
        var new = old
        new[4] = "five"
        let changes = LineChanges(from: old, to: new)
        #expect(
            changes.shortened(around: 1) == [
                .elided(3), .kept("4"), .removed("5"), .added("five"), .kept("6"), .elided(3),
            ])
        #expect(LineChanges(from: [], to: ["a"]).lines == [.added("a")])
        #expect(LineChanges(from: ["a"], to: []).lines == [.removed("a")])
        #expect(LineChanges(from: [], to: []).shortened().isEmpty)
    }
}
