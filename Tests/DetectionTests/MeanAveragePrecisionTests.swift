import JSON
import Testing

@testable import Detection

@Suite("MeanAveragePrecision")
struct MeanAveragePrecisionTests {
    /// Sums of at most 101 x 10 x 8 numbers below 1 differ by rounding alone.
    private static let tolerance = 1e-9

    @Test("the fixture is there")
    func fixture() {
        #expect(MetricFixture.all.count >= 18)
        #expect(MetricFixture.thresholds.count == 3)
    }

    @Test("figures are pycocotools' own", arguments: MetricFixture.all)
    func coco(_ fixture: MetricFixture) throws {
        let result = try MeanAveragePrecision.evaluate(fixture.images, classes: fixture.classes)
        let recall = try #require(result.recall)
        let figures = [
            result.all.map50To95, result.all.map50, result.all.map75, result.small.map50To95,
            result.medium.map50To95, result.large.map50To95, recall.max1, recall.max10, recall.max100, recall.small,
            recall.medium, recall.large,
        ]
        expect(figures, fixture.json["coco"]?["stats"]?.numbers ?? [], "stats of \(fixture.name)")
        let perClass = try #require(fixture.json["coco"]?["classes"]?.array).map(\.numbers)
        #expect(perClass.count == result.classes.count)
        for (found, expected) in zip(result.classes, perClass) {
            let found = found.averagePrecisions.map { $0.map(Optional.some) } ?? Array(repeating: nil, count: 10)
            expect(found, expected, "a class of \(fixture.name)")
        }
    }

    @Test("under compat figures are supervision 0.25.1's own", arguments: MetricFixture.all)
    func supervision(_ fixture: MetricFixture) throws {
        let result = try MeanAveragePrecision.evaluate(
            fixture.images, classes: fixture.classes,
            options: MeanAveragePrecision.Options(compatibility: .supervision025))
        let means = try #require(fixture.json["supervision"]?["means"]?.array).map(\.numbers)
        for (found, expected) in zip([result.all, result.small, result.medium, result.large], means) {
            expect([found.map50To95, found.map50, found.map75], expected, "means of \(fixture.name)")
        }
        let perClass = fixture.json["supervision"]?["classes"]?.object
        for found in result.classes {
            let expected = perClass?[String(found.classID)]?.numbers
            #expect((found.averagePrecisions == nil) == (expected == nil))
            expect(found.averagePrecisions ?? [], expected ?? [], "class \(found.name) of \(fixture.name)")
        }
    }

    @Test("the two definitions differ where supervision 0.25.1 was wrong")
    func difference() throws {
        let fixture = try #require(MetricFixture.all.first { $0.name == "images without targets" })
        let coco = try MeanAveragePrecision.evaluate(fixture.images, classes: fixture.classes)
        let old = try MeanAveragePrecision.evaluate(
            fixture.images, classes: fixture.classes, options: .init(compatibility: .supervision025))
        let (oldScore, score) = (try #require(old.all.map50), try #require(coco.all.map50))
        #expect(oldScore - score > 0.15)
    }

    @Test("a confidence threshold leaves predictions out, and keeps those that equal it")
    func threshold() throws {
        let box = Box(xMin: 0, yMin: 0, xMax: 10, yMax: 10)
        let target = Detections(boxes: [box], classIDs: [0], classNames: ["cat"])
        let image = ScoredImage(predictions: target.withConfidences([0.5]), targets: target)
        for (threshold, expected) in [(0.0, 1.0), (0.5, 1.0), (0.6, 0.0)] {
            let result = try MeanAveragePrecision.evaluate(
                [image], classes: ["cat"], options: .init(confidenceThreshold: threshold))
            #expect(abs((result.all.map50 ?? -1) - expected) < 1e-9)
        }
    }

    @Test("what cannot be scored is an error that says where")
    func errors() {
        let box = Box(xMin: 0, yMin: 0, xMax: 10, yMax: 10)
        func evaluate(_ box: Box, _ classID: Int?, options: MeanAveragePrecision.Options = .init()) throws {
            let detections = Detections(boxes: [box], classIDs: [classID], classNames: ["cat"])
            _ = try MeanAveragePrecision.evaluate(
                [
                    ScoredImage(predictions: .empty, targets: .empty),
                    ScoredImage(predictions: detections, targets: .empty),
                ],
                classes: ["cat"], options: options)
        }
        #expect(
            throws: MetricError.unknownClass(
                .prediction, image: 1, row: 0, name: "cat", classID: nil, classCount: 1)
        ) { try evaluate(box, nil) }
        #expect(
            throws: MetricError.unknownClass(.prediction, image: 1, row: 0, name: "cat", classID: 1, classCount: 1)
        ) { try evaluate(box, 1) }
        #expect(throws: MetricError.notFinite(.prediction, image: 1, row: 0)) {
            try evaluate(Box(xMin: .nan, yMin: 0, xMax: 1, yMax: 1), 0)
        }
        #expect(throws: MetricError.threshold(name: "conf_threshold", value: 1.5)) {
            try evaluate(box, 0, options: .init(confidenceThreshold: 1.5))
        }
    }

    /// Compares figures; -1 in the fixture means that there is none.
    private func expect(_ found: [Double?], _ expected: [Double], _ what: Comment) {
        #expect(found.count == expected.count, what)
        for (place, (found, expected)) in zip(found, expected).enumerated() {
            let close = found.map { abs($0 - expected) <= Self.tolerance } ?? (expected == -1)
            #expect(close, "\(what), figure \(place): \(String(describing: found)) for \(expected)")
        }
    }
}
