import Console
import TestSupport
import Testing

@testable import Workbench

/// A session on the samples that loads and freezes, and trains a little in a cell.
struct TrainingSession {
    static let load = "model load\nprocessor load\ndataset load\nmodel freeze vision_tower multi_modal_projector"
    static let train = "train --max-steps 2 --learning-rate 1e-3"

    let folder: ScratchFolder
    let session: Session

    init() throws {
        folder = try ScratchFolder()
        var surroundings = SessionSurroundings(
            folder: folder.path, assets: AssetFolder(path: folder.path + "/out", shownAs: "out"))
        surroundings.samples = Folders.samples.path
        session = Session(surroundings: surroundings)
    }

    @discardableResult
    func run(_ source: String) -> CellResult { session.execute(source) }

    var digest: String { session.stateDigest.text }
}

@Suite("History of a session's state")
struct HistoryTests {
    @Test("undo takes back variables and settings, passes over cells that look, and goes on backwards")
    func undo() {
        let session = makeSession()
        let start = session.stateDigest
        session.execute("x = 1")
        let one = session.stateDigest
        session.execute("x = 2\nseed 7")
        session.execute("vars")
        #expect(recordedLines(session.execute("undo")) == ["undone: cell 2, which changed seed, variable x"])
        #expect(session.stateDigest == one)
        #expect(session.execute("undo").status == .ok)
        #expect(session.stateDigest == start)
        #expect(session.execute("undo").failure?.code == "NothingToUndo")
        #expect(session.cells.map(\.isUndone) == [true, true, true, true, false, false])
    }

    @Test("rewind goes to the state after or before a cell, forward too, and to branches")
    func rewind() {
        let session = makeSession()
        for value in 1...3 { session.execute("x = \(value)") }
        session.execute("branch three")
        session.execute("rewind 1")
        #expect(session.variables == ["x": .integer(1)])
        session.execute("rewind 2 --before")
        #expect(session.variables == ["x": .integer(1)])
        session.execute("y = 5")
        session.execute("branch other")
        session.execute("rewind three")
        #expect(session.variables == ["x": .integer(3)])
        session.execute("rewind other")
        #expect(session.variables == ["x": .integer(1), "y": .integer(5)])
        session.execute("rewind start")
        #expect(session.variables.isEmpty)
        #expect(session.execute("rewind tree").failure?.suggestions == ["three"])
        #expect(session.execute("branch 12").failure?.code == "UsageError")
    }

    @Test("an output that was undone holds again after going back to it")
    func undoneCells() {
        let session = makeSession()
        session.execute("x = 1")
        session.execute("seed $x")
        session.execute("undo")
        #expect(session.cells[1].isUndone)
        session.execute("rewind 2")
        #expect(!session.cells[1].isUndone && session.cells[2].isUndone)
        #expect(session.changedInputs(of: session.cells[1]).isEmpty)
    }

    @Test("training, adapters and freezing are taken back to the bit, and done again give the same bytes")
    func training() throws {
        let made = try TrainingSession()
        made.run(TrainingSession.load)
        let loaded = made.digest
        #expect(made.run(TrainingSession.train).status == .ok)
        let trained = made.digest
        #expect(trained != loaded)
        #expect(made.run("train --max-steps 3 --learning-rate 1e-3").status == .ok)
        let twice = made.digest
        #expect(twice != trained)
        made.run("undo")
        #expect(made.digest == trained)
        made.run("undo")
        #expect(made.digest == loaded)
        made.run("model adapt --r 2")
        let adapted = made.digest
        made.run("train --max-steps 2 --learning-rate 1e-2")
        made.run("rewind 1")
        #expect(made.digest == loaded)
        made.run(TrainingSession.train)
        #expect(made.digest == trained)
        made.run("run 3")
        #expect(made.digest == twice)
        made.run("rewind 6")
        #expect(made.digest == adapted)
        made.run("rewind 2")
        #expect(made.digest == trained)
    }

    @Test("an interrupted run is taken back with its moments, and resumed twice gives the same bytes")
    func interruptedRun() throws {
        let made = try TrainingSession()
        made.run(TrainingSession.load)
        made.interrupt(afterUpdates: 2)
        #expect(made.run("train --max-steps 4 --learning-rate 1e-3").status == .interrupted)
        made.session.surroundings.receive = { _ in }
        let cut = made.digest
        #expect(made.run("train --resume").status == .ok)
        let whole = made.digest
        made.run("undo")
        #expect(made.digest == cut)
        #expect(made.run("train --resume").status == .ok)
        #expect(made.digest == whole)
        made.run("rewind 1")
        made.run("train --max-steps 4 --learning-rate 1e-3")
        #expect(made.digest == whole)
    }

    @Test("a second Ctrl-C takes the running cell back")
    func rollBack() throws {
        let made = try TrainingSession()
        made.run(TrainingSession.load)
        let loaded = made.digest
        made.interrupt(afterUpdates: 2, times: 2)
        let result = made.run("x = 1\ntrain --max-steps 4")
        #expect(result.status == .interrupted && result.isRolledBack && result.effects.writes.isEmpty)
        #expect(made.digest == loaded && made.session.variables.isEmpty)
        #expect(recordedLines(result).last == "warning: rolled back: the session is as it was before this cell")
        made.session.surroundings.receive = { _ in }
        #expect(made.run("train --resume").failure?.code == "NothingToResume")
    }

    @Test("states over the budget go, oldest first, and a training that cannot be kept says so and works in place")
    func budget() throws {
        let made = try TrainingSession()
        made.run("set --undo-budget 0")
        made.run(TrainingSession.load)
        let trained = made.run(TrainingSession.train)
        #expect(recordedLines(trained).contains { $0.contains("this cell cannot be undone") })
        #expect(made.run("undo").failure?.code == "StateGone")
        #expect(made.run("rewind start").failure?.code == "StateGone")
        made.run("set --undo-budget 1024")
        let before = made.digest
        made.run(TrainingSession.train)
        made.run("undo")
        #expect(made.digest == before)
    }

    @Test("cells that only read keep nothing more")
    func readersAreFree() throws {
        let made = try TrainingSession()
        made.run(TrainingSession.load)
        made.run("model info\nvars")
        made.run("infer 'test[0]' --max-new-tokens 2")
        let history = made.session.history
        let inUse = history.points[history.present].saved?.storages ?? []
        #expect(!inUse.isEmpty)
        #expect(history.byteCount(besides: Set(inUse.map(ObjectIdentifier.init))) == 0)
    }
}

extension TrainingSession {
    /// Presses Ctrl-C when the next training has made so many updates.
    func interrupt(afterUpdates count: Int, times: Int = 1) {
        session.surroundings.receive = { [interrupt = session.interrupt] output in
            guard case .progress(let progress) = output, progress.completed == count else { return }
            for _ in 0..<times { interrupt.request() }
        }
    }
}
