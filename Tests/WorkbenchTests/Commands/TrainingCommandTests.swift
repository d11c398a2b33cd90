import Foundation
import JSON
import TestSupport
import Testing

@testable import Workbench

@Suite("train and monitor as a person uses them")
struct TrainingCommandTests {
    /// A session with the sample model, adapted, and a data set of a few drawn cards.
    private func prepared(now: @escaping () -> Double = { 0 }) throws -> CommandRunner {
        let runner = try CommandRunner(now: now)
        for line in [
            "dataset make-cards --out cards --train 6 --valid 2 --test 1 --size 96",
            "processor load samples/tiny-paligemma2", "model load samples/tiny-paligemma2",
            "dataset load cards",
            "model adapt --r 2",
        ] {
            let result = runner.run(line)
            #expect(result.failure == nil, "\(line): \(result.failure?.message.shown ?? "")")
        }
        return runner
    }

    @Test("options that contradict each other are refused by name, and nothing is trained")
    func contradictions() throws {
        let runner = try prepared()
        for (options, name) in [
            ("--warmup-steps 3 --warmup-ratio 0.1", "warmup-ratio"), ("--fp16", "fp16"),
            ("--eval-strategy epoch --eval-steps 2", "eval-steps"),
            ("--load-best-model-at-end", "load-best-model-at-end"),
            ("--early-stopping-patience 2", "early-stopping-patience"), ("--report-to csv", "report-to"),
        ] {
            let error = try #require(runner.error("train \(options)"), "\(options) was accepted")
            #expect(error.hasPrefix(name + ":"), "\(error)")
        }
        #expect(runner.error("monitor") == "nothing was trained yet")
    }

    @Test("the banner, the first row, evaluations, logs and the monitor's report")
    func whole() throws {
        var seconds = 0.0
        let runner = try prepared(now: {
            seconds += 0.25
            return seconds
        })
        let lines = runner.lines(
            "train --max-steps 12 --learning-rate 1e-3 --logging-steps 4 --eval-strategy steps --eval-steps 6 "
                + "--output-dir run --save-strategy best --load-best-model-at-end --report-to jsonl,csv")
        let text = lines.joined(separator: "\n")
        for part in [
            "***** Running training *****", "Num examples = 6", "Total optimization steps = 12",
            "Number of trainable parameters = ", "<bos>detect ", "<eos>", "tokens are learned", "step 4  epoch",
            "eval_loss", "map50_95", "best so far",
        ] {
            #expect(text.contains(part), "\(part) is missing in\n\(text)")
        }
        let folder = runner.folder.path
        #expect(FileManager.default.fileExists(atPath: folder + "/run/runs/log.csv"))

        let table = runner.lines("monitor --parts 3").joined(separator: "\n")
        #expect(table.contains("1-4") && table.contains("9-12") && table.contains("evaluated after"))
        let report = runner.lines("monitor report --html report.html").joined(separator: "\n")
        #expect(report.contains("utilisation") && report.contains("gradient norm"), "\(report)")
        let page = try String(contentsOfFile: folder + "/report.html", encoding: .utf8)
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.components(separatedBy: "<svg").count == 6)
        let json = try JSON(parsing: runner.lines("monitor report --json").joined(separator: "\n"))
        #expect(json["updates"]?.integer == 12 && json["recommendations"]?.array?.isEmpty == false)
        #expect(json["best"]?["eval_loss"]?["step"]?.integer != nil)
        #expect((json["speed"]?["operations_per_update"]?.double ?? 0) > 1e6)

        let logged = runner.lines("monitor report --log run/runs/log.jsonl").joined(separator: "\n")
        #expect(logged.contains("too few updates to judge: 3") && logged.contains("best eval_loss"), "\(logged)")
        try runner.write("no log\n", to: "bad.jsonl")
        #expect(runner.error("monitor --log bad.jsonl") == "bad.jsonl holds no line of a run")
    }
}
