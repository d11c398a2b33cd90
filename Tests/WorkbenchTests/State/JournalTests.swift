import Console
import Foundation
import TestSupport
import Testing

@testable import Workbench

@Suite("Journal")
struct JournalTests {
    private let folder: ScratchFolder
    private var parent: String { folder.path + "/journal" }

    init() throws { folder = try ScratchFolder() }

    /// Lets a session run cells and leaves its journal as a killed process would.
    private func journal(_ body: (Session) throws -> Void) throws {
        let session = makeSession(folder.path)
        session.journal = try SessionJournal.begin(under: parent, of: session)
        try body(session)
        session.journal = nil
    }

    private func cut() throws -> CutSession { try #require(CutSession.all(under: parent).last) }

    private func bringBack() throws -> (session: Session, told: [String]) {
        let session = makeSession(folder.path)
        var told: [String] = []
        try session.resume(cut(), leavesRunning: false) { told.append($0.shown) }
        return (session, told)
    }

    @Test("a session comes back with its cells, ids, settings, and the states to go back to")
    func comesBack() throws {
        var state: StateDigest?
        try journal { session in
            session.execute("x = 1")
            session.execute("vars")
            session.execute(Cell(id: "two", source: "x = 2\nset --threads 2"))
            session.execute("undo")
            session.execute("seed 9\nseed none")
            state = session.stateDigest
        }
        let (session, told) = try bringBack()
        #expect(session.stateDigest == state)
        #expect(session.cells.map(\.cell.id) == ["1", "2", "two", "4", "5"])
        #expect(session.cells.map(\.status) == [.ok, .ok, .ok, .ok, .failed])
        #expect(session.cells.map(\.isUndone) == [false, false, true, false, false])
        #expect(told.count == 1 && told[0].hasPrefix("resumed 5 cells"), "\(told)")
        session.execute("rewind two")
        #expect(session.variables == ["x": .integer(2)] && session.settings.threads == 2)
    }

    @Test("lines that a power cut left torn are as if they had never been written, and the journal goes on behind")
    func tornLines() throws {
        try journal { session in
            session.execute("x = 1")
            session.execute("x = 2")
        }
        let path = try cut().folder.cellsPath
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        for torn in ["{\"begin\":\"3\",\"sou", "{\"begin\":\"3\"}\n{", "\0\0\0\0"] {
            try (whole + torn).write(toFile: path, atomically: true, encoding: .utf8)
            do {
                let (session, _) = try bringBack()
                #expect(session.variables == ["x": .integer(2)])
                session.execute("y = 3")
                session.journal = nil
            }
            let entries = try cut().entries
            #expect(entries.map(\.cell.source) == ["x = 1", "x = 2", "y = 3"])
            #expect(entries.allSatisfy { $0.end != nil })
        }
    }

    @Test("a secret reaches no file of the journal, and the cell that held it is named and left out")
    func secrets() throws {
        try journal { session in
            try session.secrets.set("TOKEN", to: "hf_abcdef123456")
            session.execute("x = 'hf_abcdef123456'")
            session.execute("seed hf_abcdef123456")
            session.execute("y = 2")
        }
        let text = try String(contentsOfFile: cut().folder.cellsPath, encoding: .utf8)
        #expect(!text.contains("abcdef") && text.contains("[[secret TOKEN]]"))
        let (session, told) = try bringBack()
        #expect(session.variables == ["y": .integer(2)])
        #expect(told.contains { $0.contains("cell 1 held a secret") })
    }

    @Test("a file that changed since is noticed, and a cell that fails now leaves the journal as it is")
    func changedWorld() throws {
        try folder.write("".utf8, to: "note")
        try journal { session in
            session.execute("dataset make-cards --out cards --train 1 --valid 0 --test 0 --size 96")
            session.execute("dataset load cards")
        }
        let rows = folder.path + "/cards/_annotations.train.jsonl"
        let text = try String(contentsOfFile: rows, encoding: .utf8)
        try text.replacingOccurrences(of: "detect", with: "find").write(toFile: rows, atomically: true, encoding: .utf8)
        #expect(try bringBack().told.contains { $0.hasPrefix("after cell 2 the state is") })
        try FileManager.default.removeItem(atPath: rows)
        #expect(throws: Failure.self) { try bringBack() }
        #expect(try cut().entries.count == 2)
    }

    @Test("a session that ends by itself leaves no journal, and a place that cannot be written is an error at once")
    func endings() throws {
        let session = makeSession(folder.path)
        session.journal = try SessionJournal.begin(under: parent, of: session)
        session.execute("x = 1")
        session.endJournal()
        #expect(try FileAccess.names(in: parent).isEmpty)
        try folder.write("no folder".utf8, to: "file")
        #expect(throws: FileError.self) {
            try SessionJournal.begin(under: folder.path + "/file/journal", of: session)
        }
    }
}
