import Console
import TestSupport
import Testing

@testable import Workbench

@Suite("Running cells again")
struct RunCellsTests {
    private func ids(_ cells: [Cell]) -> [String] { cells.map(\.id) }

    @Test("cells are chosen by id, number, range, all and from; lookers and failures that did nothing are left out")
    func selection() throws {
        let session = makeSession()
        session.execute(Cell(id: "load", source: "x = 1"))
        session.execute("cells")
        session.execute("y = $")
        session.execute("y = 2")
        session.execute("seed $y\nseed none")
        let selection = CellSelection(session.cells)
        #expect(try ids(selection.cells(of: ["all"])) == ["load", "4", "5"])
        #expect(try ids(selection.cells(of: ["from", "4"])) == ["4", "5"])
        #expect(try ids(selection.cells(of: ["load..4"])) == ["load", "4"])
        #expect(try ids(selection.cells(of: ["1"])) == ["load"])
        #expect(try ids(selection.cells(of: ["4", "2"])) == ["4", "2"])
        for words in [["9"], ["5..load"], ["lod"], ["2..3"]] {
            #expect(throws: Failure.self) { try selection.cells(of: words) }
        }
    }

    @Test("a cell that is run again has its new result in its place, and makes what depends on it stale")
    func replaced() {
        let session = makeSession()
        session.execute(Cell(id: "set", source: "x = 3"))
        session.execute(Cell(id: "use", source: "seed $x"))
        session.execute(Cell(id: "other", source: "x = 5"))
        session.execute("run use")
        #expect(session.settings.seed == 5)
        let ids = session.cells.map(\.cell.id)
        #expect(ids == ["set", "use", "other", "4"])
        #expect(session.changedInputs(of: session.cells[1]).isEmpty)
        session.execute("run 1")
        #expect(session.changedInputs(of: session.cells[1]) == [ChangedInput(name: "variable:x", cell: "set")])
        session.execute("undo")
        #expect(session.changedInputs(of: session.cells[1]).isEmpty)
    }

    @Test("run says what the cells say and stops at the first that fails; the cell that runs them fails too")
    func stops() {
        let session = makeSession()
        session.execute("x = 1")
        session.execute("seed $x")
        session.execute("y = 2")
        session.execute("x = 'no number'")
        let result = session.execute("run 2..3")
        #expect(result.status == .failed)
        let lines = recordedLines(result)
        #expect(lines.first == "cell 2: seed $x" && lines.last == "not run: 3")
        #expect(session.cells[1].status == .failed)
        #expect(result.effects.writes.isEmpty && result.effects.reads.isEmpty)
    }

    @Test("rerun repeats the last cell that did something, and run does not run itself")
    func rerun() {
        let session = makeSession()
        #expect(session.execute("rerun").failure?.code == "NoSuchCell")
        session.execute("seed 5")
        session.execute("cells")
        session.execute("seed 6\nx = 1")
        #expect(recordedLines(session.execute("rerun")) == ["cell 4: seed 6 (and 1 more)", "seed 6"])
        #expect(session.execute("run 5").failure?.code == "UsageError")
        #expect(session.execute("run all").status == .ok)
    }

    @Test("what is shown is shown once, and pictures of a cell that runs again belong to the cell that was typed")
    func shownOnce() throws {
        let made = try TrainingSession()
        var shown = 0
        made.session.surroundings.receive = { if case .image = $0 { shown += 1 } }
        made.run("dataset load")
        made.run("dataset show 'test[0]'")
        let result = made.run("rerun")
        #expect(shown == 2)
        let paths = result.outputs.compactMap { output in
            if case .image(let image) = output { image.path } else { nil }
        }
        #expect(paths == ["out/cell-3-1.png"])
    }

    @Test("inspect shows each thing, and says what is near where there is none")
    func inspect() throws {
        let made = try TrainingSession()
        #expect(made.run("inspect model").failure?.next == "model load")
        made.run(TrainingSession.load)
        made.run("model adapt --r 2\nx = 3")
        made.run(TrainingSession.train)
        made.run("infer 'test[0]' --max-new-tokens 2")
        for name in ["model", "processor", "dataset", "adapter", "trainer", "detections", "x", "state"] {
            #expect(made.run("inspect \(name)").status == .ok, "\(name)")
        }
        #expect(recordedLines(made.run("inspect adapter")).contains { $0.hasPrefix("rank") && $0.hasSuffix("2") })
        #expect(recordedLines(made.run("inspect trainer")).contains { $0.contains("at update 2") })
        #expect(made.run("inspect modle").failure?.suggestions == ["model"])
    }
}
