import Console
import Images
import TestSupport
import Testing

@testable import Workbench

/// A command of the tests: it says numbers, and draws a box.
private struct DrawCommand: Command {
    static let name = "draw"
    static let summary = "draw a box"
    @Option("left edge") var left = 8
    @Option("a number") var loss = 2.5
    @Option("how much every sample is off") var noise = 0
    @Flag("leave the box out") var empty = false

    mutating func run(_ context: CommandContext) throws {
        context.say("loss \(loss, .fixed(4)) in \(.duration(context.now() + 1))")
        context.say("mAP \(0.9, .fixed(2), tolerance: .relative(0.1))")
        var image = ImageBuffer(width: 64, height: 48, fill: .white)
        if !empty {
            for y in 8..<24 { for x in left..<left + 16 { for c in 0..<3 { image.pixels[(y * 64 + x) * 3 + c] = 0 } } }
        }
        for index in image.pixels.indices where image.pixels[index] > 0 { image.pixels[index] -= UInt8(noise) }
        let box = ImageOutput.Box(label: "coin", corners: [Double(left), 8, Double(left + 16), 24])
        context.emit(.image(try context.save(image, alt: "a box", boxes: empty ? [] : [box])))
        context.say("done")
    }
}

/// A folder with a session file that is recorded, changed and replayed.
private final class Desk {
    let folder: ScratchFolder
    var path: String { Paths.join(folder.path, "t.session.md") }
    var assets: String { Paths.join(folder.path, "t.assets") }

    init(_ text: String, draw: String = "draw") throws {
        folder = try ScratchFolder()
        try record(text, draw: draw)
    }

    func session(_ assets: String) -> Session {
        let registry = CommandRegistry([.session, .machine, .init("Test", [DrawCommand.self])])
        return Session(
            surroundings: SessionSurroundings(
                folder: folder.path, assets: AssetFolder(path: assets, shownAs: "t.assets")),
            registry: registry)
    }

    /// Runs the cells of a text and writes them with their outputs.
    func record(_ text: String, draw: String) throws {
        let session = session(assets)
        session.tracksState = true
        var file = try SessionFile(parsing: text, file: "t")
        var state: StateDigest?
        for (index, cell) in file.cells.enumerated() {
            let source = cell.sourceText.replacing("draw", with: draw)
            let result = session.execute(Cell(id: cell.attributes.id ?? String(index + 1), source: source))
            let blocks = RecordedOutputs(session.surroundings).blocks(result, stateBefore: state)
            file.replaceCell(index, with: cell.updated(with: blocks))
            state = result.state
        }
        try FileAccess.write(Array(file.text.utf8), to: path)
    }

    func replay(strict: Bool = true, changing change: (String) -> String = { $0 }) throws -> Replayer.Report {
        let text = change(try FileAccess.readText(path))
        let found = try ScratchFolder()
        let opened = OpenedSession(
            path: path, file: try SessionFile(parsing: text, file: "t"), folder: folder.path, root: folder.path)
        return Replayer(opened: opened, session: session(found.path), isStrict: strict).run()
    }
}

private let text = """
    ```nb id=a
    x = 1
    vars
    ```
    ```nb id=b
    draw
    ```
    ```nb id=c
    seed no
    ```
    """

@Suite("Replay")
struct ReplayTests {
    @Test("what was recorded replays, strictly and tolerantly", arguments: [true, false])
    func same(strict: Bool) throws {
        let report = try Desk(text).replay(strict: strict)
        #expect(report.cellCount == 3)
        #expect(report.divergences.isEmpty)
    }

    @Test(
        "each change to what is recorded is found, in both modes",
        arguments: [
            ("a lost box", "8.0 8.0 24.0 24.0 coin\n", ""),
            ("a box moved by a pixel", "8.0 8.0 24.0 24.0", "9.0 8.0 25.0 24.0"),
            ("a digit beyond tolerance", "loss 2.5000", "loss 2.5100"), ("a removed mask", "in [[dur]]", "in"),
            ("another mask", "[[dur]]", "[[rate]]"),
            (
                "swapped lines", "loss 2.5000 in [[dur]]\nmAP [[num 0.90 ±10%]]",
                "mAP [[num 0.90 ±10%]]\nloss 2.5000 in [[dur]]"
            ),
            ("a lost line", "done\n", ""), ("an added line", "done", "done\nand done"),
            ("another integer", "x     integer  1", "x     integer  2"),
            ("another code", "rc=1", "rc=0"), ("another failure", "error UsageError", "error Other"),
            ("another message", "whole number", "hole number"),
            ("another picture name", "b-1.png", "b-2.png"),
            ("another size", "64x48 tile", "64x48 tile<=4 boxes:1\")\n![x](y.png \"sha256:0123456789ab 64x48 tile"),
            ("no output", "```out rc=0 state=", "```out x"),
            ("a stricter rule", "[[num 0.90 ±10%]]", "[[num >= 0.95]]"),
            ("a changed command", "x = 1\nvars", "x = 3\nvars"),
        ] as [(String, String, String)])
    func mutations(name: String, old: String, new: String) throws {
        let desk = try Desk(text)
        for strict in [true, false] {
            #expect(try FileAccess.readText(desk.path).contains(old), "\(name) changes nothing")
            let found: Int
            do {
                found = try desk.replay(strict: strict) { $0.replacing(old, with: new) }.divergences.count
            } catch is SessionFileError {
                found = 1
            }
            #expect(found > 0, "\(name), strict \(strict)")
        }
    }

    @Test("noise of two levels and small number noise pass tolerantly only")
    func noise() throws {
        let desk = try Desk(text, draw: "draw --noise 2 --loss 2.5001")
        let change = { (text: String) in text }
        #expect(try !desk.replay(strict: true, changing: change).divergences.isEmpty)
        #expect(try desk.replay(strict: false, changing: change).divergences.isEmpty)
    }

    @Test(
        "a picture that changed is found tolerantly, with its worst tile",
        arguments: ["draw --left 9", "draw --empty", "draw --noise 9"])
    func pictures(draw: String) throws {
        let report = try Desk(text, draw: draw).replay(strict: false)
        #expect(report.divergences.map(\.id) == ["b"])
    }

    @Test("another seed changes the state, and the part is named")
    func state() throws {
        let desk = try Desk("```nb id=a\nseed 7\n```")
        let report = try desk.replay {
            $0.replacing("seed:", with: "xeed:").replacing("parts=seed:", with: "parts=seed:0")
        }
        #expect(report.divergences.isEmpty)
        let other = try desk.replay { text in
            let start = text.firstRange(of: "state=")?.upperBound ?? text.endIndex
            return text[..<start] + "000000000000" + text[start...].dropFirst(12).replacing("seed:", with: "seed:x")
        }
        guard case .state(let expected, _, let part)? = other.divergences.first?.differences.first else {
            Issue.record("no state difference")
            return
        }
        #expect(expected == "000000000000")
        #expect(part == "seed")
    }

    @Test("a session recorded anew keeps lines that agree byte for byte")
    func keeping() throws {
        let desk = try Desk(text)
        let edited = try FileAccess.readText(desk.path)
            .replacing("mAP [[num 0.90 ±10%]]", with: "mAP [[num >= 0.80]]").replacing(
                "loss 2.5000", with: "loss 7.0000"
            )
            .replacing("tile<=4", with: "tile<=2")
        let report = try desk.replay { _ in edited }
        #expect(report.updated.text == edited.replacing("loss 7.0000", with: "loss 2.5000"))
    }

    @Test("strict replays refuse another device, version or seed, and say which")
    func refusals() throws {
        let signature = SessionSettings().deviceSignature(GPUInventory(nil))
        let header = SessionHeader([(.device, "cpu abacus"), (.versions, "palinote=0.0.1"), (.seed, "1")])
        let requirements = StrictRequirements(
            header: header, settings: SessionSettings(), deviceSignature: signature, root: "/")
        #expect(
            requirements.placeDifferences == [
                "recorded on device cpu abacus, this is \(signature)",
                "recorded with palinote 0.0.1, this is \(Program.version)",
                "recorded with seed 1, told to use 42",
            ])
        let missing = StrictRequirements(
            header: SessionHeader([(.inputs, "none=sha256:00")]), settings: SessionSettings(),
            deviceSignature: signature, root: "/nonexistent")
        #expect(missing.inputDifferences().count == 1)
    }
}
