import Foundation
import TestSupport
import Testing

@testable import Workbench

@Suite("Replays in other places")
struct PlaceTests {
    /// What is other than at the recording.
    struct Place: CustomTestStringConvertible {
        let name: String
        var words: [String] = []
        var environment: [String: String] = [:]
        var testDescription: String { name }
    }

    @Test(
        "a strict replay passes with other threads, width, folder, language and time zone",
        arguments: [
            Place(name: "one thread", words: ["--threads", "1"]),
            Place(name: "three threads", words: ["--threads", "3"]),
            Place(name: "a narrow terminal", environment: ["COLUMNS": "20"]),
            Place(
                name: "another language and time zone",
                environment: ["LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "TZ": "Asia/Shanghai"]),
        ])
    func places(place: Place) throws { try replay(RecordedFolder(), place) }

    @Test("what a model computes is the same with one thread")
    func computing() throws {
        let folder = try RecordedFolder(
            recording: """
                ```nb id=infer
                dataset load cards
                processor load samples/tiny-paligemma2
                model load samples/tiny-paligemma2 --dtype float32
                infer test[0] --prefix 'detect card' --max-new-tokens 4
                ```
                """)
        try replay(folder, Place(name: "one thread", words: ["--threads", "1"]))
    }

    /// Replays a folder by the program as it is installed, from the root of the file system.
    private func replay(_ folder: RecordedFolder, _ place: Place) throws {
        let run = Process()
        let output = Pipe()
        run.executableURL = URL(fileURLWithPath: Self.program)
        run.arguments = ["replay", folder.path, "--strict"] + place.words
        run.environment = ["HOME": folder.folder.path].merging(place.environment) { $1 }
        run.currentDirectoryURL = URL(fileURLWithPath: "/")
        run.standardOutput = output
        run.standardError = output
        try run.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        run.waitUntilExit()
        #expect(run.terminationStatus == 0, "\(text)")
        #expect(text.hasPrefix("same"))
    }

    @Test("another instruction set is refused strictly and passes tolerantly")
    func instructions() throws {
        let folder = try RecordedFolder().folder
        let strict = try ProgramRun(["replay", "t.session.md", "--strict", "--isa", "portable"], in: folder.path)
        #expect(strict.code == 3)
        #expect(strict.errors.contains("this is cpu portable"))
        let tolerant = try ProgramRun(["replay", "t.session.md", "--isa", "portable"], in: folder.path)
        #expect(tolerant.code == 0, "\(tolerant.output)")
    }

    /// The program beside the test bundle.
    private static var program: String {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        let folder = bundle.map { String($0[..<($0.lastIndex(of: "/") ?? $0.startIndex)]) }
        return (folder ?? Folders.package.path + "/.build/debug") + "/palinote"
    }
}
