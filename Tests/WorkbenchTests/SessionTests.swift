import Console
import Testing

@testable import Workbench

/// A session in a folder of its own, with a clock that stands still.
func makeSession(_ folder: String = "/nonexistent") -> Session {
    Session(
        surroundings: SessionSurroundings(folder: folder, assets: AssetFolder(path: folder + "/out", shownAs: "out")))
}

/// The lines a session file would hold for a result.
func recordedLines(_ result: CellResult) -> [String] { result.outputs.flatMap(Renderer.recording.lines) }

@Suite("Session")
struct SessionTests {
    @Test("variables live from cell to cell and are read by name")
    func variables() {
        let session = makeSession()
        #expect(session.execute("s = 7\nseed $s").status == .ok)
        #expect(session.settings.seed == 7)
        #expect(recordedLines(session.execute("vars")) == ["name  kind     value", "s     integer  7"])
    }

    @Test("a failing statement stops its cell, points at the word, and the session lives on")
    func failure() {
        let session = makeSession()
        let result = session.execute("seed 3\nset --tread 2\nseed 4")
        #expect(result.status == .failed)
        #expect(result.code == 1)
        #expect(session.settings.seed == 3)
        #expect(
            recordedLines(result) == [
                "seed 3", "error: --tread is no option of set", "  set --tread 2", "      ^~~~~~~",
                "  did you mean --threads?",
                "  next: help set",
            ])
        #expect(session.execute("seed").status == .ok)
    }

    @Test("a cell that cannot be read runs nothing")
    func unreadable() {
        let session = makeSession()
        #expect(session.execute("seed 3\nseed 'x").failure?.code == "LineError")
        #expect(session.settings.seed == 42)
    }

    @Test("an interrupt stops a cell between two statements, and the next cell runs")
    func interrupt() {
        let session = makeSession()
        session.surroundings.receive = { [interrupt = session.interrupt] output in
            if case .text = output { interrupt.request() }
        }
        let result = session.execute("seed 3\nseed 4")
        #expect(result.status == .interrupted)
        #expect(result.code == 130)
        #expect(session.settings.seed == 3)
        session.surroundings.receive = { _ in }
        #expect(session.execute("seed 5").status == .ok)
    }

    @Test("the state digest follows seed and variables, and names what changed")
    func state() {
        let session = makeSession()
        session.tracksState = true
        let first = session.execute("help").state
        let second = session.execute("x = 1").state
        let third = session.execute("seed 9\nx = 1").state
        #expect(first != second)
        #expect(second?.changes(since: first).map(\.name) == ["variables"])
        #expect(third?.changes(since: second).map(\.name) == ["seed"])
        #expect(session.execute("seed 42").state == second)
    }

    @Test("secret values never reach outputs, errors or the kept source")
    func secrets() {
        let session = makeSession()
        #expect(throws: Never.self) { try session.secrets.set("TOKEN", to: "hf_abcdef123456") }
        let result = session.execute("seed hf_abcdef123456")
        #expect(result.cell.source == "seed [[secret TOKEN]]")
        #expect(!recordedLines(result).joined().contains("hf_abcdef"))
        #expect(!recordedLines(session.execute("x = 'hf_abcdef123456'\nvars")).joined().contains("hf_abcdef"))
    }

    @Test("question marks ask for help", arguments: ["?seed", "seed?", "help seed", "? seed"])
    func questionMarks(line: String) {
        #expect(recordedLines(makeSession().execute(line)).first?.hasPrefix("seed: ") == true)
    }

    @Test("every command of the standard registry has a summary and examples that parse")
    func declarations() throws {
        let registry = CommandRegistry<CommandContext>.standard
        for entry in registry.entries {
            let description = entry.describe()
            #expect(!description.summary.isEmpty && !description.summary.hasSuffix("."), "\(entry.name)")
            #expect(!description.examples.isEmpty, "\(entry.name)")
            for example in description.examples {
                for statement in try StatementReader.statements(of: example) {
                    guard case .command(let words) = statement.kind else { continue }
                    let expanded = words.flatMap { (try? $0.expanded(with: [:])) ?? [] }
                    #expect(throws: Never.self, "\(example)") { try registry.parse(expanded) }
                }
            }
        }
    }
}

@Suite("Workspace")
struct WorkspaceTests {
    private enum NumberSlot: WorkspaceSlot {
        static let name = "number"
        static func summary(of value: Int) -> Text { "the number \(value)" }
        static func stateParts(of value: Int) -> [StatePart] { [StatePart(name: "value", content: String(value).utf8)] }
    }

    @Test("a slot keeps its type, shows its summary and takes part in the state")
    func slot() {
        var workspace = Workspace()
        #expect(workspace[NumberSlot.self] == nil)
        workspace[NumberSlot.self] = 3
        #expect(workspace[NumberSlot.self] == 3)
        #expect(workspace.summaries.map(\.name) == ["number"])
        #expect(workspace.stateParts.map(\.name) == ["number.value"])
        workspace[NumberSlot.self] = nil
        #expect(workspace.stateParts.isEmpty)
    }
}

@Suite("SHA256")
struct SHA256Tests {
    @Test(
        "digests of FIPS 180-4's examples, made with sha256sum",
        arguments: [
            ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            ("a", 1000, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
            // The long message of NIST's SHA-256 examples: a million letters.
            ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
            ("a", 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
        ])
    func digests(text: String, count: Int, expected: String) {
        let bytes = Array(String(repeating: text, count: count).utf8)
        #expect(SHA256.hexDigest(of: bytes) == expected)
        var digest = SHA256()
        for start in stride(from: 0, to: bytes.count, by: 4099) {
            digest.update(Array(bytes[start..<min(start + 4099, bytes.count)]))
            _ = digest.hexDigest()
        }
        #expect(digest.hexDigest() == expected)
    }
}

@Suite("CalendarDate")
struct CalendarDateTests {
    @Test(
        "dates in UTC",
        arguments: [
            (0.0, "1970-01-01 00:00:00"), (951_782_400, "2000-02-29 00:00:00"), (-1, "1969-12-31 23:59:59"),
            (1_795_478_700.9, "2026-11-24 00:05:00"),
        ])
    func dates(seconds: Double, expected: String) {
        #expect(CalendarDate.text(secondsSince1970: seconds) == expected)
    }
}
