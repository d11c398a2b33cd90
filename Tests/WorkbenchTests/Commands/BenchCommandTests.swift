import Console
import TestSupport
import Testing

@testable import Workbench

@Suite("Bench command")
struct BenchCommandTests {
    /// A runner whose clock goes on by a second each time somebody looks.
    private func makeRunner() throws -> CommandRunner {
        var seconds = 0.0
        return try CommandRunner(now: {
            seconds += 1
            return seconds
        })
    }

    private static let tiny =
        "bench paligemma --checkpoint samples/tiny-paligemma2 --repeats 2 --new-tokens 2 --text-tokens 8"

    private func rows(_ result: CellResult) -> [String: [Quantity?]] {
        for case .table(let table) in result.outputs {
            return Dictionary(
                table.rows.map { ($0[0].shown, $0.dropFirst().map(\.quantity)) },
                uniquingKeysWith: { first, _ in first })
        }
        return [:]
    }

    @Test("every part of a checkpoint is measured, with typed times and the peak of memory")
    func everyPart() throws {
        let runner = try makeRunner()
        let result = runner.run(Self.tiny + " --dtype float32")
        #expect(result.failure == nil)
        let rows = rows(result)
        #expect(
            Set(rows.keys) == [
                "open the checkpoint", "forward: image features", "prefill", "decode, a token", "LoRA step",
                "640x640 JPEG to pixel values, one thread", "collate 8 decoded images", "peak memory",
            ])
        let second = Quantity.duration(1)
        #expect(rows["forward: image features"] == [second, second, second, nil])
        #expect(rows["decode, a token"] == [second, second, second, nil])
        #expect(rows["open the checkpoint"] == [nil, second, second, nil])
        guard case .rate(let speed, "TFLOP/s")? = rows["LoRA step"].flatMap({ $0[3] }) else {
            Issue.record("a step has no speed")
            return
        }
        #expect(speed > 0)
        guard case .memory(let peak)? = rows["peak memory"].flatMap({ $0[1] }) else {
            Issue.record("the peak of memory is no amount of memory")
            return
        }
        #expect(peak > 1 << 20)
    }

    @Test("pictures alone need no model")
    func pictures() throws {
        let runner = try makeRunner()
        #expect(rows(runner.run("bench paligemma --parts pictures --repeats 1")).count == 3)
    }

    @Test(
        "what cannot be measured is one clear error",
        arguments: [
            ("--shape paligemma9 --parts pictures", "no shape is called"),
            ("--checkpoint nowhere", "nowhere"),
            ("--checkpoint samples/tiny-paligemma2 --text-layers 3", "a shape and layers of its own"),
            ("--parts wheels", "one of forward, generate, lora, full, pictures"),
            ("--repeats 0", "1 to 100"),
        ])
    func errors(options: String, problem: String) throws {
        let message = try makeRunner().error("bench paligemma " + options)
        #expect(message?.contains(problem) == true)
    }

    @Test("an interrupt ends it between two runs")
    func interrupt() throws {
        let runner = try makeRunner()
        runner.session.surroundings.receive = { [interrupt = runner.session.interrupt] _ in interrupt.request() }
        #expect(runner.run(Self.tiny).status == .interrupted)
    }

    @Test(
        "best and median of runs",
        arguments: [([3.0], 3.0, 3.0), ([3, 1, 2], 1, 2), ([4, 1, 2, 9], 1, 3)])
    func measurement(runs: [Double], best: Double, median: Double) {
        let measurement = Measurement(name: "x", first: 9, runs: runs)
        var table = Measurement.table
        table.add(measurement.row)
        #expect(table.rows.first?.count == table.columns.count)
        #expect(measurement.best == best)
        #expect(measurement.median == median)
    }

    @Test("the program's options become the session's command, word for word")
    func commandLine() throws {
        let given = BenchPaliGemmaProgramCommand()
        given.bench.dtype = .float32
        given.bench.parts = [.lora, .pictures]
        given.bench.checkpoint = Path("a \"b\"")
        let statement = try #require(try StatementReader.statements(of: given.bench.commandLine).first)
        guard case .command(let words) = statement.kind else {
            Issue.record("the line is no command")
            return
        }
        let parsed = try BenchPaliGemmaCommand.parse(
            words.dropFirst(2).flatMap { try $0.expanded(with: [:]) })
        #expect(parsed.options.dtype == .float32)
        #expect(parsed.options.parts == [.lora, .pictures])
        #expect(parsed.options.checkpoint == Path("a \"b\""))
        #expect(parsed.options.repeats == 3)
    }

    @Test("kernels to compare are chosen by parts of their names, by the program as in a session")
    func kernelChoice() throws {
        let given = BenchCUDAProgramCommand()
        #expect(given.bench.commandLine == "bench cuda")
        #expect(given.bench.selects("RMS norm"))
        given.bench.checksOnly = true
        given.bench.kernels = ["adamw", "rows of"]
        let statement = try #require(try StatementReader.statements(of: given.bench.commandLine).first)
        guard case .command(let words) = statement.kind else {
            Issue.record("the line is no command")
            return
        }
        let parsed = try BenchCUDACommand.parse(words.dropFirst(2).flatMap { try $0.expanded(with: [:]) })
        #expect(parsed.options.checksOnly)
        #expect(parsed.options.kernels == ["adamw", "rows of"])
        let names = ["AdamW in 8 bits", "rows of attention", "attention", "RMS norm"]
        #expect(names.filter(parsed.options.selects) == ["AdamW in 8 bits", "rows of attention"])
    }
}
