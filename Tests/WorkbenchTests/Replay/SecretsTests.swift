import Console
import Images
import TestSupport
import Testing

@testable import Workbench

/// A command that says a text in every kind of output.
private struct LeakCommand: Command {
    static let name = "leak"
    static let summary = "say a text everywhere"
    @Argument("the text") var text: String
    @Flag("say it in pieces, so that no piece is a secret") var split = false

    mutating func run(_ context: CommandContext) throws {
        if split {
            let half = text.count / 2
            context.say("\(String(text.prefix(half)))\(String(text.dropFirst(half)))")
            return
        }
        context.say(Text(text, style: .strong))
        context.say(
            "\(Quantity.path("/tmp/" + text)) \(Quantity.host(text)) \(Quantity.time(text)) \(Quantity.version(text))")
        context.emit(.fields(Fields([(text, Text(text))])))
        var table = Table(title: text, text, "b")
        table.add([Text(text), "x"])
        context.emit(.table(table))
        context.emit(
            .chart(Chart(title: text, xLabel: text, yLabel: text, series: [.init(name: text, x: [1], y: [2])])))
        context.warn(Text(text))
        let image = try context.save(
            ImageBuffer(width: 4, height: 4, fill: .white), alt: text,
            boxes: [ImageOutput.Box(label: text, corners: [0, 0, 1, 1])])
        context.emit(.image(image))
        context.report(Progress(label: text, completed: 1, total: 1, facts: Text(text), elapsed: 0))
        throw Failure(code: "Leak", message: Text(text), suggestions: [text], next: text)
    }
}

@Suite("Secrets in recordings")
struct SecretsTests {
    private static let value = "geheim/1234 ß"
    private static let escaped = "geheim%2F1234%20%C3%9F"

    private func session(_ folder: ScratchFolder) throws -> Session {
        let session = Session(
            surroundings: SessionSurroundings(
                folder: folder.path, assets: AssetFolder(path: folder.path + "/out", shownAs: "out")),
            registry: CommandRegistry([.session, .tools, .init("Test", [LeakCommand.self])]))
        try session.secrets.set("TOKEN", to: Self.value)
        return session
    }

    /// The bytes of every file in a folder and those below it, and their names.
    private func everything(in folder: String) throws -> String {
        try FileAccess.names(in: folder).map { name in
            let path = Paths.join(folder, name)
            let inside =
                FileAccess.isFolder(path)
                ? try everything(in: path) : String(decoding: try FileAccess.read(path), as: UTF8.self)
            return name + "\n" + inside
        }.joined()
    }

    @Test(
        "a value in commands, outputs, tables, warnings, errors, variables, alt texts, labels and the title reaches no file",
        arguments: [value, escaped, "hf_abcdefghijklmnopqrstuvwxyz"])
    func everyField(value: String) throws {
        let folder = try ScratchFolder()
        let session = try session(folder)
        var shown: [String] = []
        session.surroundings.receive = { shown += Renderer().lines($0) }
        session.execute("record r.session.md --title 'about \(value)'")
        session.execute("x = '\(value)'\nvars\nleak '\(value)'")
        session.execute("leak $x")
        session.execute("image info '\(value).png'")
        session.execute("nonsense '\(value)'")
        session.execute("history\ncells")
        #expect(session.execute("record off").status == .ok)
        let files = try everything(in: folder.path)
        for hidden in ["geheim", "abcdefghijk"] {
            #expect(!files.contains(hidden))
            #expect(!shown.joined().contains(hidden))
        }
        let file = try SessionFile(parsing: FileAccess.readText(folder.path + "/r.session.md"), file: "r")
        #expect(file.cells.count == 5)
        #expect(file.header[.title]?.hasPrefix("about [[secret ") == true)
        let pictures = file.cells.flatMap(\.pictures)
        #expect(pictures.count == 2)
        for picture in pictures {
            let bytes = try FileAccess.read(folder.path + "/" + picture.path)
            #expect(PNGChunks.metadata(of: bytes).isEmpty)
        }
    }

    @Test("what was recorded with a secret replays strictly without it")
    func replay() throws {
        let folder = try ScratchFolder()
        let session = try session(folder)
        session.execute("record r.session.md")
        session.execute("x = '\(Self.value)'\nvars")
        session.execute("leak '\(Self.value)'")
        session.execute("record off")
        let path = folder.path + "/r.session.md"
        let file = try SessionFile(parsing: FileAccess.readText(path), file: "r")
        let opened = OpenedSession(path: path, file: file, folder: folder.path, root: folder.path)
        let other = Session(
            surroundings: SessionSurroundings(
                folder: folder.path, assets: AssetFolder(path: folder.path + "/again", shownAs: "r.assets")),
            registry: session.registry)
        let report = Replayer(opened: opened, session: other, isStrict: true).run()
        #expect(report.cellCount == 2)
        #expect(report.divergences.isEmpty, "\(report.divergences)")
    }

    @Test("a value that comes in pieces ends the recording, and the file of before stays")
    func pieces() throws {
        let folder = try ScratchFolder()
        let session = try session(folder)
        var failures: [Failure] = []
        session.surroundings.receive = { if case .failure(let failure) = $0 { failures.append(failure) } }
        session.execute("record r.session.md")
        session.execute("y = 1")
        session.execute("x = '\(Self.value)'\nleak $x --split")
        #expect(session.recorder == nil)
        #expect(failures.last?.message.shown.contains("a secret's value stands in it") == true)
        let text = try FileAccess.readText(folder.path + "/r.session.md")
        #expect(text.contains("y = 1"))
        #expect(!text.contains("geheim"))
    }

    @Test("a file whose name holds a secret is not written, and the refusal does not say it")
    func names() throws {
        let folder = try ScratchFolder()
        let session = try session(folder)
        try session.secrets.set("TOKEN", to: "geheim-1234")
        let result = session.execute("record geheim-1234.session.md")
        #expect(result.status == .failed)
        #expect(result.failure?.message.shown.contains("stands in its name") == true)
        #expect(!recordedLines(result).joined().contains("geheim"))
        #expect(try folder.names().isEmpty)
    }

    @Test("a picture with a secret in its texts is not written", arguments: [value, escaped])
    func pictures(text: String) throws {
        let folder = try ScratchFolder()
        let secrets = try session(folder).secrets
        let bytes = try ImageBuffer(width: 4, height: 4, fill: .white).pngBytes()
        let path = folder.path + "/a.png"
        #expect(throws: RecordingError.holdsSecret(file: path)) {
            try SessionPlace.write(bytes.addingText(text), to: path, secrets: secrets)
        }
        #expect(throws: Never.self) { try SessionPlace.write(bytes, to: path, secrets: secrets) }
    }
}
