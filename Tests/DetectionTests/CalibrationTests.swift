import Detection
import Foundation
import Testing

@Suite("A temperature brings confidences to how often boxes are right")
struct CalibrationTests {
    /// Samples of one confidence, some of them right.
    private func samples(_ confidence: Double, right: Int, of count: Int) -> [ConfidenceSample] {
        (0..<count).map { ConfidenceSample(confidence: confidence, isCorrect: $0 < right) }
    }

    @Test(
        "the temperature that confidences were made with is found",
        arguments: [0.25, 0.5, 1, 2, 4])
    func recovery(_ temperature: Double) throws {
        // Shares with whole counts, and the confidences that this temperature takes to them.
        let all = [100, 250, 500, 700, 900].flatMap { right -> [ConfidenceSample] in
            let odds = log(Double(right) / Double(1000 - right)) * temperature
            return samples(1 / (1 + exp(-odds)), right: right, of: 1000)
        }
        let scaling = try #require(TemperatureScaling(fitting: all))
        #expect(abs(scaling.temperature - temperature) < 1e-6 * temperature)
        let scaled = all.map {
            ConfidenceSample(confidence: scaling.applied(to: $0.confidence), isCorrect: $0.isCorrect)
        }
        #expect(Reliability(scaled).expectedError < 1e-6)
        #expect(temperature == 1 || Reliability(all).expectedError > 0.02)
    }

    @Test("scaling keeps the order, leaves one half alone, and its inverse takes it back")
    func scaling() {
        let scaling = TemperatureScaling(temperature: 1.7)
        let values = [0.001, 0.2, 0.5, 0.7, 0.999]
        let scaled = values.map(scaling.applied)
        #expect(scaled == scaled.sorted() && abs(scaled[2] - 0.5) < 1e-12)
        for (value, there) in zip(values, scaled) { #expect(abs(scaling.inverse.applied(to: there) - value) < 1e-9) }
        for extreme in [0.0, 1.0] {
            let value = scaling.applied(to: extreme)
            #expect(value.isFinite && (0...1).contains(value))
        }
    }

    @Test("boxes that are all right give the bound, no boxes give none")
    func bounds() throws {
        let sure = try #require(TemperatureScaling(fitting: samples(0.9, right: 5, of: 5)))
        #expect(abs(sure.temperature - TemperatureScaling.range.lowerBound) < 1e-3)
        #expect(TemperatureScaling(fitting: []) == nil)
    }

    @Test("the calibration error is the weighted distance of confidence and share, range by range")
    func reliability() {
        let all = samples(0.85, right: 1, of: 4) + samples(0.15, right: 0, of: 2) + samples(1, right: 2, of: 2)
        let reliability = Reliability(all)
        // 4 boxes are 0.60 off, 2 are 0.15 off, 2 are right: (2.4 + 0.3) / 8.
        #expect(abs(reliability.expectedError - 2.7 / 8) < 1e-12)
        #expect(reliability.bins.map(\.count) == [0, 2, 0, 0, 0, 0, 0, 0, 4, 2])
        #expect(Reliability([]).expectedError == 0)
    }

    /// Boxes of two classes in one image, from the most confident down: right and wrong by a pattern.
    private let mixed =
        [(0.9, true), (0.8, true), (0.6, false), (0.5, true), (0.4, false), (0.2, false)]
        .map { ConfidenceSample(confidence: $0.0, isCorrect: $0.1, classID: 0) }
        + [ConfidenceSample(confidence: 0.1, isCorrect: true, classID: 1)]

    @Test("the threshold of the best F1 is chosen, the lowest of equals, from the guide's or from all values")
    func thresholds() {
        let classes = ["ace", "king", "joker"]
        let guide = ClassThreshold.best(mixed, targetCounts: [3, 1, 0], classes: classes)
        // From 0.45 to 0.50 three of four boxes are right and all targets found: F1 = 6/7.
        #expect(guide.map(\.threshold) == [0.45, 0.3, nil])
        #expect(abs(guide[0].scores.f1 - 6.0 / 7) < 1e-12 && guide[1].scores.f1 == 0)
        let all = ClassThreshold.best(mixed, targetCounts: [3, 1, 0], classes: classes, candidates: nil)
        #expect(all.map(\.threshold) == [0.5, 0.1, nil])
        #expect(all[1].scores.f1 == 1)
        #expect(ClassThreshold.grid.first == 0.3 && ClassThreshold.grid.last == 0.85 && ClassThreshold.grid.count == 12)
    }

    @Test("precision over recall has a point for each confidence")
    func curve() {
        let points = PrecisionRecallPoint.curve(
            mixed.filter { $0.classID == 0 } + [ConfidenceSample(confidence: 0.9, isCorrect: false)], targetCount: 3)
        #expect(points.map(\.confidence) == [0.9, 0.8, 0.6, 0.5, 0.4, 0.2])
        let (hits, counts): ([Double], [Double]) = ([1, 2, 2, 3, 3, 3], [2, 3, 4, 5, 6, 7])
        #expect(points.map(\.precision) == zip(hits, counts).map { $0 / $1 })
        #expect(points.map(\.recall) == hits.map { $0 / 3 })
    }

    @Test("temperatures and thresholds come back from their file; a file of something else is refused")
    func file() throws {
        var tuning = DetectionTuning()
        tuning.temperatures = ["joint": 1.25, "class": 0.5]
        (tuning.thresholds, tuning.thresholdScores) = (["ace of \"hearts\"": 0.45, "é": 1], "joint")
        #expect(try DetectionTuning(parsing: Array(tuning.text.utf8), name: "f") == tuning)
        for wrong in ["[", "{\"temperatures\":{\"joint\":0}}", "{\"thresholds\":{\"a\":1.5}}", "{\"thresholds\":[]}"] {
            #expect(throws: TuningError.self, "\(wrong)") { try DetectionTuning(parsing: Array(wrong.utf8), name: "f") }
        }
    }

    @Test("thresholds leave out boxes of their class below them, and keep what has none")
    func filter() {
        var tuning = DetectionTuning()
        tuning.thresholds = ["ace": 0.5]
        let box = Box(xMin: 0, yMin: 0, xMax: 1, yMax: 1)
        func found(_ confidences: [Double]?) -> Detections {
            Detections(
                boxes: [box, box, box], classIDs: [nil, nil, nil], classNames: ["ace", "ace", "king"],
                confidences: confidences)
        }
        #expect(tuning.filtered(found([0.5, 0.4, 0.1])).confidences == [0.5, 0.1])
        #expect(tuning.filtered(found(nil)).count == 3)
    }
}
