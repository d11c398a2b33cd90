import Console
import TestSupport
import Testing

@testable import Workbench

@Suite("Effects of cells")
struct EffectTests {
    @Test("a cell's reads and writes are the variables and settings it touched")
    func variablesAndSettings() {
        let session = makeSession()
        let set = session.execute("s = 7").effects
        #expect(set.reads.isEmpty && set.writes == ["variable:s"])
        let used = session.execute("seed $s").effects
        #expect(used.reads == ["variable:s"] && used.writes == ["setting:seed"])
        let shown = session.execute("seed").effects
        #expect(shown.reads == ["setting:seed"] && shown.writes.isEmpty)
        #expect(session.execute("s = 7").effects.writes.isEmpty)
        #expect(session.execute("help").effects == CellEffects())
    }

    @Test("what a cell wrote itself is no input of it, and a failed cell has effects too")
    func ownWrites() {
        let session = makeSession()
        #expect(session.execute("s = 7\nseed $s").effects.reads.isEmpty)
        let failed = session.execute("t = 1\nseed $s\nmodel info")
        #expect(failed.status == .failed)
        #expect(failed.effects.reads == ["variable:s", "model"])
        #expect(failed.effects.writes == ["variable:t"])
    }

    @Test("a cell is stale when its input is another, by the name of the cell that changed it, and true again later")
    func staleness() {
        let session = makeSession()
        session.execute(Cell(id: "first", source: "x = 3"))
        session.execute(Cell(id: "reader", source: "seed $x"))
        #expect(session.changedInputs(of: session.cells[1]).isEmpty)
        session.execute(Cell(id: "second", source: "x = 4"))
        #expect(session.changedInputs(of: session.cells[1]) == [ChangedInput(name: "variable:x", cell: "second")])
        #expect(session.changedInputs(of: session.cells[0]).isEmpty)
        session.execute(Cell(id: "third", source: "x = 3"))
        #expect(session.changedInputs(of: session.cells[1]).isEmpty)
    }

    @Test("cells says which cell made an output stale")
    func table() {
        let session = makeSession()
        session.execute(Cell(id: "a", source: "x = 3"))
        session.execute(Cell(id: "b", source: "seed $x"))
        session.execute(Cell(id: "c", source: "x = 4"))
        let lines = recordedLines(session.execute("cells"))
        #expect(lines[2].contains("stale: variable x changed by cell c"))
        #expect(lines[1].contains("holds") && lines[3].contains("holds"))
    }

    @Test("a slot's reads, in-place changes and replacements are seen, whoever holds the object")
    func slots() throws {
        let session = makeSession()
        let box = Counter()
        session.workspace[CounterSlot.self] = box
        let registry = session.tracker
        func cell(_ id: String, _ body: (Session) -> Void) -> CellEffects {
            registry.refresh(session.observations)
            registry.begin(id)
            body(session)
            registry.endStatement(session.observations)
            return registry.end()
        }
        let reader = cell("reader") { _ = $0.workspace[CounterSlot.self]?.count }
        #expect(reader.reads == ["counter"] && reader.writes.isEmpty)
        let step = cell("step") { $0.workspace[CounterSlot.self]?.count += 1 }
        #expect(step.reads == ["counter"] && step.writes == ["counter"])
        #expect(registry.changedInputs(since: reader) == [ChangedInput(name: "counter", cell: "step")])
        #expect(registry.changedInputs(since: step).isEmpty)
        _ = cell("again") { $0.workspace[CounterSlot.self]?.count += 1 }
        #expect(registry.changedInputs(since: step).isEmpty, "its change is in what is there")
        let replaced = cell("load") { $0.workspace[CounterSlot.self] = Counter() }
        #expect(replaced.reads.isEmpty && replaced.writes == ["counter"])
        #expect(registry.changedInputs(since: step) == [ChangedInput(name: "counter", cell: "load")])
    }

    @Test("files that a cell said it wrote are inputs of those that read them, or a folder above")
    func files() {
        let tracker = EffectTracker()
        tracker.begin("write")
        tracker.noteWrite(file: "/data/cards/train.jsonl")
        tracker.endStatement([:])
        #expect(tracker.end().writes == ["file:/data/cards/train.jsonl"])
        tracker.begin("read")
        tracker.noteRead(file: "/data/cards")
        tracker.noteRead(file: "/data/card")
        #expect(tracker.end().reads == ["file:/data/cards/train.jsonl"])
    }

    @Test("what vars showed is no longer true once something else is loaded")
    func loadedLater() throws {
        let session = makeSession(try ScratchFolder().path)
        let shown = session.execute("x = 1\nvars")
        #expect(session.tracker.changedInputs(since: shown.effects).isEmpty)
        session.execute("dataset make-cards --out cards --train 2 --valid 1 --test 1 --size 96\ndataset load cards")
        #expect(session.tracker.changedInputs(since: shown.effects).map(\.name) == ["dataset"])
    }

    @Test("a data set that another cell drew is an input of the cell that loads it")
    func drawnCards() throws {
        let folder = try ScratchFolder()
        let session = makeSession(folder.path)
        let made = session.execute("dataset make-cards --out cards --train 2 --valid 1 --test 1 --size 96")
        let loaded = session.execute("dataset load cards")
        #expect(made.effects.writes == ["file:\(folder.path)/cards"])
        #expect(loaded.effects.reads == ["file:\(folder.path)/cards"] && loaded.effects.writes == ["dataset"])
    }
}

/// A thing that changes in place.
private final class Counter {
    var count = 0
}

private enum CounterSlot: WorkspaceSlot {
    static let name = "counter"
    static func summary(of value: Counter) -> Text { "\(value.count)" }
    static func stateParts(of value: Counter) -> [StatePart] {
        [StatePart(name: "count", content: String(value.count).utf8)]
    }
    static func revision(of value: Counter) -> Int { value.count }
}
