import Console
import Detection
import Foundation
import JSON
import TestSupport
import Testing

@testable import Workbench

@Suite("calibrate and thresholds learn from an evaluation, and what they learn is applied and saved")
struct TuningCommandTests {
    private let runner: CommandRunner

    /// Stored predictions of the sample cards' validation split: labels, each third box put on the wrong class, with
    /// confidences that are surer than they should be.
    init() throws {
        runner = try CommandRunner()
        _ = runner.run("dataset load samples/cards")
        let dataset = try #require(runner.session.workspace[DatasetSlot.self])
        var number = 0
        let predictions = dataset.examples(.valid).map { example in
            let found = example.detections
            var (names, confidences) = ([String](), [Double]())
            for name in found.classNames {
                number += 1
                let isWrong = number % 3 == 0
                names.append(isWrong ? dataset.classes[(dataset.classes.firstIndex(of: name) ?? 0) == 0 ? 1 : 0] : name)
                confidences.append((isWrong ? 0.6 : 0.95) + Double(number % 5) / 200)
            }
            return ImagePredictions(
                image: example.imageName, width: example.width, height: example.height,
                detections: Detections(
                    boxes: found.boxes, classIDs: found.classIDs, classNames: names, confidences: confidences))
        }
        try runner.write(ImagePredictions.format(predictions), to: "found.jsonl")
    }

    private func file(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(runner.folder.path)/\(name)")))
    }

    @Test("without an evaluation, or without confidences, they say what to do")
    func nothing() throws {
        #expect(runner.error("calibrate")?.contains("nothing has been evaluated") == true)
        #expect(runner.error("thresholds")?.contains("nothing has been evaluated") == true)
        #expect(
            runner.error("evaluate valid --predictions found.jsonl --thresholds")?.contains("no thresholds") == true)
        let plain = try ImagePredictions.parse(file("found.jsonl"), name: "found").map { stored in
            stored.with(
                Detections(
                    boxes: stored.detections.boxes, classIDs: stored.detections.classIDs,
                    classNames: stored.detections.classNames))
        }
        try runner.write(ImagePredictions.format(plain), to: "plain.jsonl")
        #expect(runner.lines("evaluate valid --predictions plain.jsonl").contains { $0.contains("unranked") })
        #expect(runner.error("thresholds")?.contains("no confidences") == true)
    }

    @Test("a temperature lowers the calibration error, and draws its picture")
    func calibrate() throws {
        // Two boxes of three are right, and all of them are said to be nearly certain.
        let sure = try ImagePredictions.parse(file("found.jsonl"), name: "found").map { stored in
            stored.with(stored.detections.withConfidences(stored.detections.boxes.map { _ in 0.95 }))
        }
        try runner.write(ImagePredictions.format(sure), to: "sure.jsonl")
        _ = runner.run("evaluate valid --predictions sure.jsonl")
        let text = runner.lines("calibrate").joined(separator: "\n")
        let line = try #require(text.split(separator: "\n").first { $0.contains("calibration error") })
        let numbers = line.split(separator: " ").compactMap { Double($0) }
        #expect(numbers.count == 2 && abs(numbers[0] - (0.95 - 2.0 / 3)) < 1e-4 && numbers[1] < 1e-4)
        #expect(runner.session.workspace[DetectionTuningSlot.self]?.temperatures["joint"] != nil)
        #expect(runner.picture("calibrate")?.alt == "reliability of confidences")
    }

    @Test("thresholds part right boxes from wrong ones, filter an evaluation, and cannot be chosen on what they left")
    func thresholds() throws {
        _ = runner.run("evaluate valid --predictions found.jsonl")
        #expect(runner.picture("thresholds") != nil)
        let tuning = try #require(runner.session.workspace[DetectionTuningSlot.self])
        // The first two classes got the wrong boxes, at confidences up to 0.62.
        #expect(tuning.thresholds.count == 9 && tuning.thresholds.values.allSatisfy { $0 == 0.3 || $0 == 0.65 })
        let before = try #require(runner.session.workspace[PredictionsSlot.self]).images
        let lines = runner.lines("evaluate valid --predictions found.jsonl --thresholds")
        let after = try #require(runner.session.workspace[PredictionsSlot.self]).images
        let count = { (images: [ScoredImage]) in images.reduce(0) { $0 + $1.predictions.count } }
        #expect(count(after) < count(before) && count(after) >= 60, "\(lines)")
        #expect(runner.error("thresholds")?.contains("left out") == true)
        #expect(runner.error("calibrate")?.contains("left out") == true)
    }

    @Test("a temperature found later drops thresholds that spoke of other confidences")
    func order() throws {
        _ = runner.run("evaluate valid --predictions found.jsonl")
        _ = runner.run("thresholds")
        #expect(runner.lines("calibrate").contains { $0.contains("dropped") })
        #expect(runner.session.workspace[DetectionTuningSlot.self]?.thresholds.isEmpty == true)
        _ = runner.run("thresholds --all-values")
        #expect(runner.session.workspace[DetectionTuningSlot.self]?.thresholds.count == 9)
    }

    @Test("they are saved with the model and come back with it; another model forgets them")
    func saving() throws {
        _ = runner.run("processor load\nmodel load")
        _ = runner.run("evaluate valid --predictions found.jsonl")
        _ = runner.run("calibrate")
        _ = runner.run("thresholds")
        let tuning = try #require(runner.session.workspace[DetectionTuningSlot.self])
        _ = runner.run("model save saved")
        #expect(try DetectionTuning(parsing: file("saved/\(DetectionTuning.fileName)"), name: "f") == tuning)
        _ = runner.run("model load")
        #expect(runner.session.workspace[DetectionTuningSlot.self] == nil)
        _ = runner.run("model load saved")
        #expect(runner.session.workspace[DetectionTuningSlot.self] == tuning)
        _ = runner.run("model load")
        _ = runner.run("model save saved")
        #expect(throws: (any Error).self) { try file("saved/\(DetectionTuning.fileName)") }
        _ = runner.run("model load saved\nevaluate valid --predictions found.jsonl\ncalibrate")
        _ = runner.run("model adapt --r 2 --language-only\nmodel save adapter")
        let kept = runner.session.workspace[DetectionTuningSlot.self]
        #expect(kept != nil)
        _ = runner.run("model load\nmodel adapt --load adapter")
        #expect(runner.session.workspace[DetectionTuningSlot.self] == kept)
    }

    @Test("confusion lists the pairs that are confused, and errors by kind")
    func confusion() throws {
        _ = runner.run("evaluate valid --predictions found.jsonl")
        let lines = runner.lines("confusion --most-pairs 2")
        #expect(lines.contains { $0.hasPrefix("there") && $0.contains("found as") })
        #expect(lines.contains { $0.contains("pairs more") })
        let errors = try #require(lines.first { $0.hasPrefix("all ") && !$0.contains(".") })
        // 90 boxes, each third on the wrong class: 60 right, 30 of the kind "class".
        let numbers = errors.split(separator: " ").compactMap { Int($0) }
        #expect(numbers.first == 60 && numbers.dropFirst().contains(30) && numbers.dropFirst().reduce(0, +) == 30)
    }
}
