import Testing

@testable import Detection

@Suite("Box")
struct BoxTests {
    @Test(
        "overlap of two boxes",
        arguments: [
            ("apart", Box(xMin: 0, yMin: 0, xMax: 1, yMax: 1), Box(xMin: 2, yMin: 2, xMax: 3, yMax: 3), 0.0),
            ("touching", Box(xMin: 0, yMin: 0, xMax: 1, yMax: 1), Box(xMin: 1, yMin: 0, xMax: 2, yMax: 1), 0.0),
            ("equal", Box(xMin: 0, yMin: 0, xMax: 2, yMax: 1), Box(xMin: 0, yMin: 0, xMax: 2, yMax: 1), 1.0),
            ("half", Box(xMin: 0, yMin: 0, xMax: 2, yMax: 2), Box(xMin: 0, yMin: 0, xMax: 2, yMax: 1), 0.5),
            ("one inside", Box(xMin: 0, yMin: 0, xMax: 4, yMax: 4), Box(xMin: 1, yMin: 1, xMax: 3, yMax: 3), 0.25),
            ("no area", Box(xMin: 1, yMin: 1, xMax: 1, yMax: 1), Box(xMin: 1, yMin: 1, xMax: 1, yMax: 1), 0.0),
            ("crossed corners", Box(xMin: 3, yMin: 0, xMax: 1, yMax: 2), Box(xMin: 0, yMin: 0, xMax: 4, yMax: 2), 0.0),
        ])
    func overlap(_ name: String, _ a: Box, _ b: Box, _ expected: Double) {
        #expect(a.iou(b) == expected)
        #expect(b.iou(a) == expected)
    }

    @Test("clipping moves edges into the picture")
    func clipping() {
        let box = Box(xMin: -5, yMin: 2, xMax: 30, yMax: 12).clipped(toWidth: 20, height: 10)
        #expect(box == Box(xMin: 0, yMin: 2, xMax: 20, yMax: 10))
    }
}

@Suite("Detections")
struct DetectionsTests {
    private let sample = Detections(
        boxes: (0..<3).map { Box(xMin: Double($0), yMin: 0, xMax: 9, yMax: 9) }, classIDs: [0, nil, 1],
        classNames: ["cat", "猫", "dog"], confidences: [0.9, 0.2, 0.5])

    @Test("filtering keeps every column in step")
    func filtering() {
        let kept = sample.filtered { ($0.confidence ?? 1) > 0.4 }
        #expect(kept.classNames == ["cat", "dog"])
        #expect(kept.classIDs == [0, 1])
        #expect(kept.boxes.map(\.xMin) == [0, 2])
        #expect(kept.confidences == [0.9, 0.5])
    }

    @Test("filtering nothing leaves nothing, and keeps confidences known")
    func filteringAll() {
        #expect(sample.filtered { _ in false }.confidences == [])
        #expect(Detections.empty.filtered { _ in true } == .empty)
    }

    @Test("class ids follow a list of names; of a repeated name the first place counts")
    func classIDs() {
        #expect(sample.withClassIDs(in: ["dog", "cat", "dog"]).classIDs == [1, nil, 0])
    }
}
