import Detection
import Testing

@Suite("Each wrong box and each missed object is one kind of error")
struct DetectionErrorsTests {
    private static let classes = ["ace", "king"]

    private func detections(_ rows: [(Box, Int, Double)]) -> Detections {
        Detections(
            boxes: rows.map(\.0), classIDs: rows.map(\.1), classNames: rows.map { Self.classes[$0.1] },
            confidences: rows.map(\.2))
    }

    private func box(_ x: Double, _ y: Double = 0, side: Double = 10) -> Box {
        Box(xMin: x, yMin: y, xMax: x + side, yMax: y + side)
    }

    private func errors(
        _ found: [(Box, Int, Double)], there: [(Box, Int)], conf: Double = 0.3
    ) throws -> DetectionErrors {
        var options = DetectionErrors.Options()
        options.confidenceThreshold = conf
        return try DetectionErrors.evaluate(
            [ScoredImage(predictions: detections(found), targets: detections(there.map { ($0.0, $0.1, 1) }))],
            classes: Self.classes, options: options)
    }

    private struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let found: [(Box, Int, Double)]
        let there: [(Box, Int)]
        let right: Int
        let wrong: [DetectionErrors.Kind: Int]
    }

    private static func square(_ x: Double) -> Box { Box(xMin: x, yMin: 0, xMax: x + 10, yMax: 10) }

    private static let cases: [Case] = [
        Case(testDescription: "nothing", found: [], there: [], right: 0, wrong: [:]),
        Case(testDescription: "right", found: [(square(1), 0, 0.9)], there: [(square(0), 0)], right: 1, wrong: [:]),
        Case(testDescription: "missed", found: [], there: [(square(0), 1)], right: 0, wrong: [.missed: 1]),
        // 4 of 16 overlap: 0.25.
        Case(
            testDescription: "location, which explains the target", found: [(square(6), 0, 0.9)],
            there: [(square(0), 0)], right: 0, wrong: [.location: 1]),
        Case(
            testDescription: "class, which explains the target", found: [(square(1), 1, 0.9)],
            there: [(square(0), 0)], right: 0, wrong: [.class: 1]),
        Case(
            testDescription: "duplicate: the more confident one counts",
            found: [(square(2), 0, 0.5), (square(1), 0, 0.9)], there: [(square(0), 0)], right: 1,
            wrong: [.duplicate: 1]),
        Case(
            testDescription: "background, and a missed target", found: [(square(50), 0, 0.9)],
            there: [(square(0), 0)], right: 0, wrong: [.background: 1, .missed: 1]),
        Case(
            testDescription: "both wrong, and a missed target", found: [(square(6), 1, 0.9)],
            there: [(square(0), 0)], right: 0, wrong: [.classAndLocation: 1, .missed: 1]),
        Case(
            testDescription: "below the least confidence", found: [(square(0), 0, 0.2)], there: [(square(0), 0)],
            right: 0, wrong: [.missed: 1]),
        // The second box overlaps the ace badly and the king well: location stands first.
        Case(
            testDescription: "location before class", found: [(square(5), 0, 0.9)],
            there: [(square(0), 0), (square(6), 1)], right: 0, wrong: [.location: 1, .missed: 1]),
    ]

    @Test("by kind", arguments: cases)
    private func kinds(_ example: Case) throws {
        let errors = try errors(example.found, there: example.there)
        #expect(errors.correct.reduce(0, +) == example.right)
        for kind in DetectionErrors.Kind.allCases { #expect(errors.total(kind) == example.wrong[kind] ?? 0, "\(kind)") }
    }

    @Test("wrong boxes count for the class predicted, missed objects for their own")
    func classes() throws {
        let errors = try errors([(box(0), 1, 0.9), (box(50), 1, 0.8)], there: [(box(0), 0), (box(80), 0)])
        #expect(errors.counts == [[.missed: 1], [.class: 1, .background: 1]])
    }

    @Test("a threshold outside 0 to 1 is refused")
    func thresholds() {
        #expect(throws: MetricError.self) { try errors([], there: [], conf: 1.5) }
    }
}
