import Console
import Foundation
import TestSupport

@testable import Workbench

/// A folder with a recorded session `t.session.md`, its pictures, and the few photos it reads.
final class RecordedFolder: Sendable {
    let folder: ScratchFolder
    var path: String { folder.path + "/t.session.md" }

    /// The cells of the session: commands, numbers, masks, a failure, and a picture with boxes.
    static let cells = """
        ---
        session: 1
        title: Tiny
        match: auto rtol=1e-2 atol=1e-5
        ---
        # Tiny
        ```nb id=load
        rate = 0.125
        dataset load cards
        ```
        ```nb id=look
        dataset show train[0]
        ```
        ```nb id=stats
        dataset stats
        vars
        ```
        ```nb id=wrong
        seed no
        ```
        """ + "\n"

    /// One recording for all tests, since it is only copied.
    private static let recorded = Result { try RecordedFolder(recording: cells) }

    /// Records the cells of a text.
    init(recording text: String) throws {
        folder = try ScratchFolder()
        try Self.copyCards(to: folder)
        try folder.write(text.utf8, to: "t.session.md")
        _ = try ProgramRun(["run", "--record", "t.session.md"], in: folder.path).output
    }

    /// A copy of the tiny session as it is recorded.
    init() throws {
        folder = try ScratchFolder()
        try folder.copy(try Self.recorded.get().folder.path)
    }

    /// The session file.
    var text: String {
        get throws { try FileAccess.readText(path) }
    }

    /// Replaces a piece of the session file that must be there.
    func change(_ old: String, to new: String) throws {
        let text = try text
        guard text.contains(old) else { throw Missing(text: old) }
        try folder.write(text.replacing(old, with: new).utf8, to: "t.session.md")
    }

    /// Runs the program in the folder.
    func run(
        _ arguments: String..., input: String = "", environment: [String: String] = [:]
    ) throws -> ProgramRun {
        try ProgramRun(arguments, in: folder.path, input: input, environment: environment)
    }

    /// What a test wanted to change and did not find.
    struct Missing: Error { let text: String }

    /// Two photos to train with, one to validate and one to test.
    private static func copyCards(to folder: ScratchFolder) throws {
        let cards = folder.path + "/cards"
        try FileAccess.makeFolder(cards)
        for (split, count) in [("train", 2), ("valid", 1), ("test", 1)] {
            let name = "/_annotations.\(split).jsonl"
            let lines = try FileAccess.readText(Folders.samples.path + "/cards" + name).linesOfText.prefix(count)
            try FileAccess.write(Array(lines.map { $0 + "\n" }.joined().utf8), to: cards + name)
            for number in 0..<count {
                let photo = "/\(split)_00\(number).jpg"
                try FileAccess.write(try FileAccess.read(Folders.samples.path + "/cards" + photo), to: cards + photo)
            }
        }
    }
}

/// A run of the program inside the test.
struct ProgramRun {
    let code: Int32
    let output: String
    let errors: String

    init(
        _ arguments: [String], in folder: String, input: String = "", environment: [String: String] = [:],
        workBetweenLooks: Double = 0
    ) throws {
        var (output, errors, work) = ("", "", 0.0)
        var pending = Array(input.utf8)
        let surroundings = ProcessSurroundings(
            environment: environment, folder: folder, samples: Folders.samples.path, inputIsTerminal: false,
            outputIsTerminal: false,
            errorIsTerminal: false, terminalColumns: { 0 }, now: { 0 }, date: { "1970-01-01 00:00:00" },
            processorTime: {
                work += workBetweenLooks
                return work
            },
            writeOutput: {
                output += $0
                return true
            }, writeError: { errors += $0 },
            readInput: {
                defer { pending = [] }
                return pending
            })
        let terminal = TerminalFrontEnd(interact: { _, _, _ in }, picture: { _, _, _ in nil })
        code = Program.run(arguments, surroundings, terminal: terminal)
        (self.output, self.errors) = (output, errors)
    }
}
