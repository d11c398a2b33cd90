import Foundation
import Glibc
import TestSupport
import Testing

@testable import Workbench

@Suite("A session that is killed", .serialized)
struct KillTests {
    /// Loads, trains, adapts, goes back and trains otherwise; every update is journalled.
    private static let cells = [
        "set --journal-every 0", "x = 3", "model load tiny", "processor load tiny", "dataset load cards",
        "model freeze vision_tower multi_modal_projector", "train --max-steps 3 --learning-rate 1e-2", "vars",
        "model adapt --r 2 --language-only", "train --max-steps 4 --learning-rate 1e-2", "undo", "seed $x",
        "train --max-steps 6 --learning-rate 5e-3", "run 7",
    ]

    /// How often the program is killed, unless `PALINOTE_KILLS` says otherwise.
    private static var killCount: Int {
        ProcessInfo.processInfo.environment["PALINOTE_KILLS"].flatMap(Int.init) ?? 50
    }

    @Test("comes back by --resume as often as it is cut, and ends in the state of one that never was")
    func killLoop() throws {
        let folder = try TinyFolder()
        let uncut = try Run(folder, [])
        let whole = try #require(uncut.finish(Self.cells))
        var random = Delays(state: 20_261_124)
        var (cuts, inTraining, whileResuming) = (0, 0, 0)
        while cuts < Self.killCount {
            var run = try Run(folder, [])
            var done = 0
            // One session is cut again and again until it ends by itself.
            while cuts < Self.killCount {
                run.type(Self.cells.dropFirst(done))
                if run.hasEnded(after: random.next(below: uncut.milliseconds)) { break }
                cuts += 1
                if run.kill().contains("Running training") { inTraining += 1 }
                run = try Run(folder, ["--resume"])
                if random.next(below: 3) == 0, cuts < Self.killCount {
                    // Cut once more while it is being brought back.
                    run.wait(milliseconds: random.next(below: uncut.milliseconds / 2))
                    run.kill()
                    (cuts, whileResuming) = (cuts + 1, whileResuming + 1)
                    run = try Run(folder, ["--resume"])
                }
                done = try #require(run.resumedCells(), "\(run.errors)")
            }
            #expect(run.finish(Array(Self.cells.dropFirst(done))) == whole, "\(run.errors)")
        }
        #expect(inTraining > 0 && whileResuming > 0)
    }

    @Test("--rewind leaves out the running cell, --discard forgets, and without a choice the way back is said")
    func choices() throws {
        let folder = try TinyFolder()
        let cut = try Run(folder, [])
        cut.type(["x = 3", "y = 4"] + Self.cells[2..<6])
        cut.type(["train --max-steps 5000"])
        try cut.wait(for: "Running training")
        cut.kill()
        let asked = try Run(folder, [], journals: false)
        #expect(asked.finish([]) != nil)
        #expect(asked.errors.contains("6 cells had ended and cell 7 was running"))
        #expect(asked.errors.contains("palinote --resume brings it back"))
        let rewound = try Run(folder, ["--rewind"])
        #expect(rewound.resumedCells() == 6)
        _ = rewound.finish(["vars"])
        let rows = rewound.output.split(separator: "\n").map { $0.split(separator: " ").prefix(3) }
        #expect(rows.contains(["y", "integer", "4"]) && !rows.contains { $0.first == "trainer" })
        #expect(try Run(folder, ["--discard"]).finish([]) != nil)
        let journals = "\(folder.path)/palinote/journal"
        #expect(try FileManager.default.contentsOfDirectory(atPath: journals).isEmpty)
    }

    @Test("journals are private, two sessions have one each, and a living one is not offered")
    func privacy() throws {
        let folder = try TinyFolder()
        let (first, second) = (try Run(folder, []), try Run(folder, []))
        first.type(["x = 1"])
        second.type(["x = 2"])
        try first.wait(forFile: "cells.jsonl", count: 2)
        let journals = "\(folder.path)/palinote/journal"
        let names = try FileManager.default.contentsOfDirectory(atPath: journals)
        #expect(names.count == 2)
        for name in names {
            #expect(permissions("\(journals)/\(name)") == 0o700)
            #expect(permissions("\(journals)/\(name)/cells.jsonl") == 0o600)
        }
        let third = try Run(folder, ["--resume"])
        #expect(third.finish([]) != nil)
        #expect(third.errors.contains("no session was cut"))
        #expect(first.finish([]) != nil && second.finish([]) != nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: journals).isEmpty)
    }

    private func permissions(_ path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }
}

/// Numbers that are the same in every run of the test.
private struct Delays {
    var state: UInt64

    mutating func next(below limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % max(1, limit)
    }
}

/// The program with its streams in our hands.
private final class Run {
    private let process = Process()
    private let input = Pipe()
    private let folder: String
    private let files: (output: String, errors: String)
    private let start = Date()
    private var isClosed = false
    /// How long the program ran, once it has ended.
    private(set) var milliseconds = 0

    init(_ folder: TinyFolder, _ arguments: [String], journals: Bool = true) throws {
        self.folder = folder.path
        let name = "\(folder.path)/\(UUID().uuidString)"
        files = (name + ".out", name + ".err")
        for file in [files.output, files.errors] { _ = FileManager.default.createFile(atPath: file, contents: nil) }
        signal(SIGPIPE, SIG_IGN)
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments = ["shell", "--threads", "1"] + (journals ? ["--journal"] : []) + arguments
        process.environment = ["HOME": folder.path, "XDG_STATE_HOME": folder.path, "LC_ALL": "C.UTF-8"]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.standardInput = input
        process.standardOutput = FileHandle(forWritingAtPath: files.output)
        process.standardError = FileHandle(forWritingAtPath: files.errors)
        try process.run()
    }

    deinit { if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) } }

    var output: String { (try? String(contentsOfFile: files.output, encoding: .utf8)) ?? "" }
    var errors: String { (try? String(contentsOfFile: files.errors, encoding: .utf8)) ?? "" }

    func type(_ cells: some Sequence<String>) {
        for cell in cells where !isClosed { input.fileHandleForWriting.write(Data((cell + "\n").utf8)) }
    }

    /// Types the rest and ends the session; the state's digest, or nil if the program failed.
    func finish(_ cells: [String]) -> String? {
        close(after: cells)
        process.waitUntilExit()
        milliseconds = Int(1000 * Date().timeIntervalSince(start))
        return process.terminationStatus == 0 ? digest : nil
    }

    /// Types the last cells and closes the program's input.
    private func close(after cells: [String]) {
        type(cells + ["inspect state"])
        if !isClosed { try? input.fileHandleForWriting.close() }
        isClosed = true
    }

    /// Waits, whatever the program does.
    func wait(milliseconds: Int) { usleep(UInt32(1000 * milliseconds)) }

    /// The digest that the program said last.
    var digest: String? {
        output.split(separator: "\n").last { $0.hasPrefix("digest ") }?.split(separator: " ").last.map(String.init)
    }

    /// Waits; whether the program has ended by then.
    func hasEnded(after milliseconds: Int) -> Bool {
        close(after: [])
        let end = Date().addingTimeInterval(Double(milliseconds) / 1000)
        while Date() < end {
            if !process.isRunning { return true }
            usleep(500)
        }
        return !process.isRunning
    }

    /// Kills the program; returns what it had said.
    @discardableResult
    func kill() -> String {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        return output
    }

    /// How many cells `--resume` brought back; 0 if there was no session; nil if that failed.
    func resumedCells() -> Int? {
        let end = Date().addingTimeInterval(30)
        while Date() < end {
            let said = errors
            if said.contains("no session was cut") { return 0 }
            if let line = said.split(separator: "\n").first(where: { $0.hasPrefix("resumed ") }) {
                return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            }
            if !process.isRunning { return nil }
            usleep(2000)
        }
        return nil
    }

    struct Missing: Error {
        let what: String
    }

    func wait(for text: String) throws {
        let end = Date().addingTimeInterval(30)
        while !output.contains(text) {
            guard Date() < end else { throw Missing(what: text) }
            usleep(2000)
        }
    }

    func wait(forFile name: String, count: Int) throws {
        let journals = "\(folder)/palinote/journal"
        let end = Date().addingTimeInterval(30)
        while true {
            let folders = (try? FileManager.default.contentsOfDirectory(atPath: journals)) ?? []
            let ready = folders.filter { session in
                ((try? String(contentsOfFile: "\(journals)/\(session)/\(name)", encoding: .utf8)) ?? "").contains(
                    "\"end\"")
            }
            if ready.count == count { return }
            guard Date() < end else { throw Missing(what: name) }
            usleep(2000)
        }
    }

    /// The program beside the test bundle.
    private static var program: String {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        let folder = bundle.map { String($0[..<($0.lastIndex(of: "/") ?? $0.startIndex)]) }
        return (folder ?? Folders.package.path + "/.build/debug") + "/palinote"
    }
}
