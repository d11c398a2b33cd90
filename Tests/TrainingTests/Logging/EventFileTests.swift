import Foundation
import JSON
import Models
import TestSupport
import Testing

@testable import Training

@Suite("Event files are those that tensorboard writes and reads")
struct EventFileTests {
    /// - Source: RFC 3720, appendix B.4.
    @Test("checksums of known bytes")
    func checksums() {
        #expect(TFRecord.crc32c([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(TFRecord.crc32c([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(TFRecord.crc32c((0..<32).map { UInt8($0) }) == 0x46dd_794e)
        #expect(TFRecord.crc32c(Array("123456789".utf8)) == 0xe306_9283)
    }

    /// The file was made by `Tests/Reference/training/make_events.py`.
    @Test("every byte is that of tensorboard's own writer")
    func bytes() throws {
        let folder = Folders.fixtures.appendingPathComponent("training")
        let png = try Data(contentsOf: folder.appendingPathComponent("events.png"))
        let time = 1_700_000_000.25
        let hparams: [String: HParam] = [
            "optim": .text("adamw_torch"), "learning_rate": .number(2e-5), "bf16": .flag(true),
        ]
        let events = [
            EventFile.header(wallTime: time), EventFile.restart(step: 7, wallTime: time),
            EventFile.event(
                step: 3, wallTime: time,
                [
                    EventFile.scalar("train/loss", 2.5), EventFile.scalar("eval/map50", 0.375),
                    EventFile.scalar("train/learning_rate", 2e-5),
                ]),
            EventFile.event(
                step: 0, wallTime: time,
                [
                    EventFile.image("eval/detections/0", width: 3, height: 2, png: Array(png)),
                    EventFile.experiment(hparams, metrics: ["eval/loss", "eval/map50"], wallTime: time),
                    EventFile.sessionStart(hparams, wallTime: time), EventFile.sessionEnd(wallTime: time),
                ]),
        ]
        let expected = try Data(contentsOf: folder.appendingPathComponent("events.tfevents"))
        #expect(Data(events.flatMap { TFRecord.framed($0.bytes) }) == expected)
    }

    /// A run with all logs, cut after three updates and resumed from the second: four log lines, three evaluations.
    private func loggedRun(_ tiny: TinyRun) throws -> (folder: String, trainer: Trainer) {
        var arguments = tiny.arguments
        (arguments.loggingSteps, arguments.evalStrategy, arguments.evalSteps) = (1, .steps, 2)
        (arguments.saveSteps, arguments.outputDir) = (2, tiny.folder.path + "/run")
        arguments.reportTo = [.tensorboard, .jsonl, .csv]
        let settings = arguments
        var seconds = 1_700_000_000.0
        func clock() -> Double {
            seconds += 0.5
            return seconds
        }
        func run(from folder: String?, stopsAt last: Int) throws -> Trainer {
            let split = EvaluationSplit(examples: tiny.examples.prefix(2).map(tiny.labelled), classes: ["card"])
            let trainer = try Trainer(
                tiny.model(.adapter), tiny.processor, examples: tiny.examples, loader: tiny.loader(),
                evaluation: split, settings)
            if let folder { try trainer.resume(from: folder) }
            let logs = try RunLogs(settings, model: "tiny", firstStep: trainer.engine.step, wallTime: clock)
            let outcome = try trainer.run(
                shouldStop: { trainer.engine.step == last }, observe: logs.receive)
            if !outcome.isInterrupted { try logs.finish() }
            #expect(logs.failure == nil && logs.paths.count == 3)
            return trainer
        }
        _ = try run(from: nil, stopsAt: 3)
        // A kill in the middle of a line leaves half of it.
        let file = try #require(FileHandle(forWritingAtPath: tiny.folder.path + "/run/runs/log.jsonl"))
        try file.seekToEnd()
        try file.write(contentsOf: Data("{\"step\": 4, \"lo".utf8))
        try file.close()
        return (tiny.folder.path + "/run/runs", try run(from: tiny.folder.path + "/run/checkpoint-2", stopsAt: 7))
    }

    @Test("lines and rows hold each step once, also after a cut")
    func lines() throws {
        let tiny = try TinyRun()
        let (folder, trainer) = try loggedRun(tiny)
        let lines = try String(contentsOfFile: folder + "/log.jsonl", encoding: .utf8).split(separator: "\n")
            .map { try JSON(parsing: String($0)) }
        #expect(lines.compactMap { $0["step"]?.integer } == [1, 2, 2, 3, 4, 4, 5, 6, 6])
        #expect(lines.compactMap { $0["loss"]?.double } == trainer.log.map(\.loss))
        #expect(lines.compactMap { $0["eval_loss"]?.double } == trainer.evaluations.map(\.loss))
        let rows = try String(contentsOfFile: folder + "/log.csv", encoding: .utf8).split(separator: "\n")
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        #expect(rows[0].prefix(3) == ["step", "epoch", "loss"] && rows.allSatisfy { $0.count == rows[0].count })
        #expect(rows.dropFirst().map { $0[0] } == ["1", "2", "2", "3", "4", "4", "5", "6", "6"])
        #expect(rows.dropFirst().compactMap { Double($0[2]) } == trainer.log.map(\.loss))
    }

    /// What `Tests/Reference/training/read_events.py` prints.
    private struct Found: Decodable {
        let scalars: [String: [[Double]]]
        let images: [String: [[JSONValue]]]
        let metrics: [String]
        let names: [String]
        let status: Int

        enum JSONValue: Decodable {
            case number(Double), text(String)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                self =
                    try (try? container.decode(Double.self)).map(JSONValue.number)
                    ?? .text(container.decode(String.self))
            }
        }
    }

    @Test("the real reader finds scalars, pictures and hparams", .enabled(if: Python.hasTensorBoard, Python.missing))
    func reader() throws {
        let tiny = try TinyRun()
        let (folder, trainer) = try loggedRun(tiny)
        let output = try Python.run(["training/read_events.py", folder])
        let found = try JSONDecoder().decode(Found.self, from: output)
        func expect(_ tag: String, _ values: [(step: Int, value: Double)]) throws {
            let read = try #require(found.scalars[tag], "\(tag) is missing")
            #expect(read.map { Int($0[0]) } == values.map(\.step), "\(tag)")
            #expect(zip(read, values).allSatisfy { Float($0[1]) == Float($1.value) }, "\(tag)")
        }
        try expect("train/loss", trainer.log.map { ($0.step, $0.loss) })
        try expect("train/learning_rate", trainer.log.map { ($0.step, $0.learningRate) })
        try expect("train/grad_norm", trainer.log.map { ($0.step, $0.gradientNorm) })
        try expect("eval/loss", trainer.evaluations.map { ($0.step, $0.loss) })
        try expect("eval/map50", trainer.evaluations.map { ($0.step, $0.map50 ?? -1) })
        #expect(found.images.keys.sorted() == ["eval/detections/0", "eval/detections/1"])
        #expect(found.images["eval/detections/0"]?.count == 3)
        #expect(found.metrics.contains("eval/map50") && found.names.contains("learning_rate") && found.status == 1)
    }
}

/// A Python with tensorboard, for tests that ask the real reader.
enum Python {
    static let missing: Comment = "no Python with tensorboard; PALINOTE_PYTHON names one"
    private static let path = ProcessInfo.processInfo.environment["PALINOTE_PYTHON"] ?? "python3"

    static let hasTensorBoard = (try? run(["-c", "import tensorboard"])) != nil

    /// What a program prints; its folder is `Tests/Reference`.
    static func run(_ arguments: [String]) throws -> Data {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [path] + arguments
        process.currentDirectoryURL = Folders.fixtures.deletingLastPathComponent()
        (process.standardOutput, process.standardError) = (output, FileHandle.nullDevice)
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(status: process.terminationStatus) }
        return data
    }

    struct Failed: Error {
        let status: Int32
    }
}
