import Foundation
import TestSupport

/// The program without a terminal, run to its end.
struct PipedProgram {
    let code: Int32
    let output: String
    let errors: String

    /// Runs the program with standard input from a text.
    init(
        _ folder: ScratchFolder, _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Terminal.program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = ["HOME": folder.path, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"].merging(environment) {
            $1
        }
        // Files, so that no pipe can fill up.
        let places = ["in", "out", "err"].map { URL(fileURLWithPath: "\(folder.path)/standard-\($0)") }
        try Data(input.utf8).write(to: places[0])
        for place in places.dropFirst() { try Data().write(to: place) }
        process.standardInput = try FileHandle(forReadingFrom: places[0])
        process.standardOutput = try FileHandle(forWritingTo: places[1])
        process.standardError = try FileHandle(forWritingTo: places[2])
        try process.run()
        process.waitUntilExit()
        code = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
        output = try String(contentsOf: places[1], encoding: .utf8)
        errors = try String(contentsOf: places[2], encoding: .utf8)
        for place in places { try FileManager.default.removeItem(at: place) }
    }

    var lines: [String] { output.split(separator: "\n").map(String.init) }
}
