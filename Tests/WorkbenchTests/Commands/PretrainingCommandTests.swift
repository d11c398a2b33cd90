import Foundation
import TestSupport
import Testing

@testable import Workbench

@Suite("pretrain and scenes as a person uses them")
struct PretrainingCommandTests {
    private static let small =
        "pretrain --output-dir tiny --batch-size 2 --hidden-size 32 --layers 1 --dtype float32 --warmup-steps 1 "

    @Test("a small model is pretrained, logged, saved, and opens again")
    func whole() throws {
        let runner = try CommandRunner()
        let lines = runner.lines(Self.small + "--max-steps 3 --logging-steps 2 --report-to jsonl,csv")
        let text = lines.joined(separator: "\n")
        for part in ["parameters, float32", "step 2  samples 4", "step 3  samples 6", "3 of 3", "7 processor files"] {
            #expect(text.contains(part), "\(part) is missing in\n\(text)")
        }
        let folder = runner.folder.path + "/tiny"
        let log = try String(contentsOfFile: folder + "/runs/log.jsonl", encoding: .utf8)
        #expect(log.split(separator: "\n").count == 2)
        for name in ["text_loss", "location_loss", "auxiliary_loss", "text_accuracy", "location_error", "seconds"] {
            #expect(log.contains("\"\(name)\""))
        }
        let table = try String(contentsOfFile: folder + "/runs/log.csv", encoding: .utf8)
        #expect(table.hasPrefix("step,samples,loss,text_loss") && table.split(separator: "\n").count == 3)
        #expect(runner.run("model load tiny").failure == nil)
        #expect(runner.run("processor load tiny").failure == nil)
    }

    @Test("a run without a checkpoint cannot be resumed, and options that contradict each other are refused")
    func refusals() throws {
        let runner = try CommandRunner()
        #expect(runner.error(Self.small + "--resume")?.contains("no checkpoint") ?? false)
        let error = runner.error(Self.small + "--micro-batch-size 3")
        #expect(error?.hasPrefix("batch-size:") ?? false, "\(error ?? "")")
        #expect(runner.error("pretrain --output-dir tiny --hidden-size 12")?.contains("hidden size") ?? false)
    }

    @Test("scenes are the same for a seed, and others for another")
    func scenes() throws {
        let runner = try CommandRunner()
        let first = runner.picture("scenes show --count 2 --columns 2 --seed 4")
        #expect(first != nil)
        #expect(first?.digest == runner.picture("scenes show --count 2 --columns 2 --seed 4")?.digest)
        #expect(first?.digest != runner.picture("scenes show --count 2 --columns 2 --seed 5")?.digest)
        #expect(first?.digest != runner.picture("scenes show --count 2 --columns 2 --seed 4 --boxes")?.digest)
    }
}
