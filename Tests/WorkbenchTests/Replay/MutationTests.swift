import Images
import TestSupport
import Testing

@testable import Workbench

@Suite("Mutations of a recorded session")
struct MutationTests {
    /// A change to the recorded file that a replay must find in both modes.
    struct Mutation: CustomTestStringConvertible {
        let name: String
        let old: String
        let new: String
        var testDescription: String { name }

        init(_ name: String, _ old: String, _ new: String) { (self.name, self.old, self.new) = (name, old, new) }
    }

    @Test(
        "a change to what is recorded fails, strictly and tolerantly",
        arguments: [
            Mutation("a lost box", "14.9 15.8 89.4 120.9 king of hearts\n", ""),
            Mutation("a box moved by a pixel", "14.9 15.8 89.4 120.9", "15.9 15.8 90.4 120.9"),
            Mutation("a digit beyond tolerance", "boxes an image   3.25", "boxes an image   3.35"),
            Mutation("another whole number", "train       2", "train       3"),
            Mutation("a removed mask", " from [[path]]", " from cards"),
            Mutation("another mask", "[[path]]", "[[dur]]"),
            Mutation("another command", "train[0]\n```", "train[1]\n```"),
            Mutation("another failure", "error UsageError", "error Other"), Mutation("another code", "rc=1", "rc=0"),
            Mutation("another picture", "look-1.png", "look-2.png"),
        ])
    func fails(mutation: Mutation) throws {
        let folder = try RecordedFolder()
        try folder.change(mutation.old, to: mutation.new)
        for mode in ["--strict", "--tolerant"] { #expect(try folder.run("replay", "t.session.md", mode).code == 1) }
    }

    @Test("two swapped lines fail")
    func swappedLines() throws {
        let folder = try RecordedFolder()
        var lines = try folder.text.linesOfText
        let place = try #require(lines.firstIndex { $0.hasPrefix("valid ") })
        lines.swapAt(place, place + 1)
        try folder.folder.write(lines.joined(separator: "\n").utf8, to: "t.session.md")
        for mode in ["--strict", "--tolerant"] { #expect(try folder.run("replay", "t.session.md", mode).code == 1) }
    }

    @Test("a cell without its output fails")
    func lostOutput() throws {
        let folder = try RecordedFolder()
        var file = try SessionFile(parsing: folder.text, file: "t")
        var cell = file.cells[0]
        cell.outputs = []
        file.replaceCell(0, with: cell)
        try folder.folder.write(file.text.utf8, to: "t.session.md")
        for mode in ["--strict", "--tolerant"] {
            let run = try folder.run("replay", "t.session.md", mode)
            #expect(run.code == 1)
            #expect(run.output.contains("none is recorded"))
        }
    }

    @Test("another seed in the front matter fails strictly, and the part of the state is named")
    func seed() throws {
        let folder = try RecordedFolder()
        try folder.change("seed: 42", to: "seed: 43")
        let run = try folder.run("replay", "t.session.md", "--strict")
        #expect(run.code == 1)
        #expect(run.output.contains("cell   load, number 1"))
        #expect(run.output.contains("first part that differs: seed"))
        #expect(run.output.contains("later  3 more cells differ: look, stats, wrong"))
    }

    @Test("another seed than the recorded one is refused strictly, with the reason")
    func otherSeed() throws {
        let run = try RecordedFolder().run("replay", "t.session.md", "--strict", "--seed", "7")
        #expect(run.code == 3)
        #expect(run.errors.contains("recorded with seed 42, told to use 7"))
    }

    @Test("another state digest fails strictly, and the part that the cell changed is named")
    func state() throws {
        let folder = try RecordedFolder()
        let file = try SessionFile(parsing: folder.text, file: "t")
        let state = try #require(file.cells[0].recordedEnd?.state)
        let part = try #require(file.cells[0].recordedEnd?.parts.first { $0.name == "variables" })
        try folder.change("```out rc=0 state=\(state) ", to: "```out rc=0 state=000000000000 ")
        try folder.change("variables:\(part.digest)", to: "variables:00000000")
        let run = try folder.run("replay", "t.session.md", "--strict")
        #expect(run.code == 1)
        #expect(run.output.contains("expected 000000000000, got \(state); first part that differs: variables"))
    }

    @Test("a number that is off, and a picture that is other, say by how much and what was allowed")
    func report() throws {
        let folder = try RecordedFolder()
        try folder.change("boxes an image   3.25", to: "boxes an image   3.35")
        let numbers = try folder.run("replay", "t.session.md", "--tolerant").output
        #expect(numbers.contains("expected  boxes an image   3.35"))
        #expect(numbers.contains("got       boxes an image   3.25"))
        #expect(numbers.contains("off by    0.1, allowed 0.0435 (rtol 0.01, atol 1e-05)"))
        try folder.blacken(tileX: 3, tileY: 2)
        let pictures = try folder.run("replay", "t.session.md", "--tolerant").output
        #expect(pictures.contains("t.assets/look-1.png: worst tile (3,2), from pixel 48,32, is off by"))
        #expect(pictures.contains("levels, allowed 4"))
    }

    @Test("noise of two levels in a picture passes tolerantly and fails strictly")
    func noise() throws {
        let folder = try RecordedFolder()
        try folder.repaint { index, level in
            let noise = UInt8(index % 3)
            return level > 2 ? level - noise : level + noise
        }
        #expect(try folder.run("replay", "t.session.md", "--tolerant").code == 0)
        #expect(try folder.run("replay", "t.session.md", "--strict").code == 1)
    }

    @Test(
        "threads, width and quiet change nothing",
        arguments: [["--threads", "1"], ["--threads", "3"], ["--width", "20"], ["--quiet"], ["--json"]])
    func options(words: [String]) throws {
        let folder = try RecordedFolder()
        let run = try ProgramRun(
            ["replay", "t.session.md", "--strict"] + words, in: folder.folder.path, environment: ["COLUMNS": "33"])
        #expect(run.code == 0, "\(run.output)\(run.errors)")
    }

    @Test("a strict replay over its budget of processor time fails, within it or tolerantly it passes")
    func budget() throws {
        let folder = try RecordedFolder()
        try folder.change("seed: 42\n", to: "seed: 42\nbudget: 60\n")
        func replay(_ mode: String, work: Double) throws -> ProgramRun {
            try ProgramRun(["replay", "t.session.md", mode], in: folder.folder.path, workBetweenLooks: work)
        }
        #expect(try replay("--strict", work: 59).code == 0)
        let over = try replay("--strict", work: 61)
        #expect(over.code == 1)
        #expect(over.output.contains("DIFFERENT  t.session.md"))
        #expect(over.output.contains("over its budget: took 1 min 01 s of processor time, allowed 1 min 00 s"))
        #expect(try replay("--tolerant", work: 61).code == 0)
    }

    @Test("a cell over its timeout is stopped at its next step, and the replay goes on")
    func timeout() throws {
        let folder = try RecordedFolder(
            recording: """
                ```nb id=slow timeout=0.05
                dataset make-cards --out drawn --train 0 --valid 0 --test 0
                ```
                ```nb id=quick
                rate = 1
                ```
                """)
        let text = try folder.text
        let changed = text.replacing("--train 0", with: "--train 100000").replacing("rc=1", with: "rc=0")
        try folder.folder.write(changed.utf8, to: "t.session.md")
        let run = try folder.run("replay", "t.session.md", "--tolerant")
        #expect(run.code == 1)
        #expect(run.output.contains("the timeout is 50.0 ms"), "\(run.output)")
        #expect(run.output.contains("2 cells"))
        #expect(!run.output.contains("later"))
    }
}

extension RecordedFolder {
    /// Changes the recorded picture and its digest with it.
    func repaint(_ change: (_ index: Int, _ level: UInt8) -> UInt8) throws {
        let path = folder.path + "/t.assets/look-1.png"
        var image = try ImageBuffer(contentsOf: path)
        let before = image.pixelDigest.prefix(12)
        image.pixels = image.pixels.enumerated().map(change)
        try image.write(toPNG: path)
        try self.change("sha256:\(before)", to: "sha256:\(image.pixelDigest.prefix(12))")
    }

    /// Makes one tile of the recorded picture black.
    func blacken(tileX: Int, tileY: Int) throws {
        let width = try ImageBuffer(contentsOf: folder.path + "/t.assets/look-1.png").width
        try repaint { index, level in
            let (y, x) = (index / 3).quotientAndRemainder(dividingBy: width)
            return x / 16 == tileX && y / 16 == tileY ? 0 : level
        }
    }
}
