import JSON
import Testing

@testable import Detection

@Suite("ConfusionMatrix")
struct ConfusionMatrixTests {
    @Test(
        "counts are supervision's own, of the newest release and of 0.25.1", arguments: MetricFixture.all,
        [(ConfusionMatrix.Compatibility.newest, "confusion_newest"), (.supervision025, "confusion")])
    func counts(_ fixture: MetricFixture, _ side: (ConfusionMatrix.Compatibility, String)) throws {
        let expected = try #require(fixture.json[side.1]?.array)
        #expect(expected.count == MetricFixture.thresholds.count)
        for (thresholds, matrix) in zip(MetricFixture.thresholds, expected) {
            let result = try ConfusionMatrix.evaluate(
                fixture.images, classes: fixture.classes,
                options: .init(confidenceThreshold: thresholds[0], iouThreshold: thresholds[1], compatibility: side.0))
            #expect(result.counts == matrix.array?.map { $0.numbers.map { Int($0) } }, "at \(thresholds)")
        }
    }

    @Test("precision, recall, F1 and support follow from the counts")
    func scores() {
        // Labelled cat: 3 right, 1 taken for a dog, 1 missed. Labelled dog: 2 right. 2 cats out of nothing. No bird.
        let matrix = ConfusionMatrix(
            classes: ["cat", "dog", "bird"], counts: [[3, 1, 0, 1], [0, 2, 0, 0], [0, 0, 0, 0], [2, 0, 0, 0]],
            options: .init())
        let (cat, dog, bird) = (matrix.classScores[0], matrix.classScores[1], matrix.classScores[2])
        #expect((cat.truePositives, cat.falsePositives, cat.falseNegatives, cat.support) == (3, 2, 2, 5))
        #expect((cat.precision, cat.recall, cat.f1) == (0.6, 0.6, 0.6))
        #expect((dog.precision, dog.recall, dog.f1, dog.support) == (2.0 / 3, 1, 0.8, 2))
        #expect((bird.precision, bird.recall, bird.f1, bird.support) == (0, 0, 0, 0))
        let totals = matrix.totals
        #expect((totals.truePositives, totals.falsePositives, totals.falseNegatives, totals.support) == (5, 3, 2, 7))
        #expect(abs(matrix.macroAverage.recall - 0.8) < 1e-12)
        #expect(abs(matrix.weightedAverage.recall - 5.0 / 7) < 1e-12)
        #expect(matrix.macroAverage.support == 7)
    }

    @Test("thresholds outside 0 to 1 are errors", arguments: [-0.1, 1.1, .nan, .infinity])
    func thresholds(_ value: Double) {
        #expect(throws: MetricError.self) {
            try ConfusionMatrix.evaluate([], classes: [], options: .init(confidenceThreshold: value))
        }
        #expect(throws: MetricError.self) {
            try ConfusionMatrix.evaluate([], classes: [], options: .init(iouThreshold: value))
        }
    }

    @Test("without classes the matrix is one cell")
    func empty() throws {
        let matrix = try ConfusionMatrix.evaluate([], classes: [])
        #expect(matrix.counts == [[0]])
        #expect(matrix.totals.f1 == 0)
        #expect(matrix.macroAverage.f1 == 0)
    }
}
