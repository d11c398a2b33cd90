import Foundation
import Tensors
import Testing

@testable import Training

@Suite("A history's trend and what follows from it")
struct MonitorReportTests {
    /// A made-up loss by update, with a little noise, and what must be said of it.
    struct Case: CustomTestStringConvertible, Sendable {
        let kind: LossTrend.Kind
        let subjects: [MonitorReport.Recommendation.Subject]
        /// What the learning rate is to be multiplied by.
        var factor: Double?
        let testDescription: String
        let loss: @Sendable (Double) -> Double

        init(
            _ name: String, _ kind: LossTrend.Kind, _ subjects: [MonitorReport.Recommendation.Subject],
            factor: Double? = nil, _ loss: @escaping @Sendable (Double) -> Double
        ) {
            (testDescription, self.kind, self.subjects, self.factor, self.loss) = (name, kind, subjects, factor, loss)
        }
    }

    static let cases = [
        Case("still decreasing", .decreasing, [.length]) { 4 - 0.015 * $0 },
        Case("exponential decay to a floor", .plateau, [.length]) { 1 + 3 * exp(-$0 / 12) },
        Case("a plateau from the start", .plateau, [.learningRate], factor: 3) { _ in 3 },
        Case("divergence after a fall", .diverging, [.learningRate], factor: 1.0 / 3) {
            $0 < 60 ? 4 - 0.04 * $0 : 1.6 + 0.03 * ($0 - 60)
        },
        Case("a loss that is lost", .diverging, [.learningRate, .gradients], factor: 1.0 / 3) {
            $0 < 150 ? 4 - 0.01 * $0 : .nan
        },
        Case("waves", .oscillating, [.learningRate], factor: 0.5) { 2 + 0.9 * sin($0 / 3) },
        Case("up and down at each update", .oscillating, [.learningRate], factor: 0.5) {
            Int($0) % 2 == 0 ? 1 : 3
        },
        Case("one spike in a fall", .spike, [.stability]) { $0 == 120 ? 9 : 4 - 0.015 * $0 },
        Case("a spike in the first updates", .spike, [.stability]) { $0 == 2 ? 40 : 2 },
    ]

    private func history(
        count: Int = 200, noise: Double = 0.02, _ loss: (Double) -> Double
    ) -> RunHistory {
        var history = RunHistory(model: "made-up")
        var stream = RandomStream(seed: 9, purpose: "noise")
        history.updates = (1...count).map { step in
            RunHistory.Update(
                step: step, loss: loss(Double(step)) * (1 + noise * stream.normal()), learningRate: 1e-3,
                gradientNorm: 0.5)
        }
        (history.totalSteps, history.maxGradNorm) = (count, 1)
        return history
    }

    @Test("kinds of loss", arguments: cases)
    func kinds(_ item: Case) {
        let report = MonitorReport(history(item.loss))
        #expect(report.trend.kind == item.kind, "\(report.trend)")
        #expect(report.recommendations.map(\.subject) == item.subjects, "\(report.recommendations)")
        #expect(report.recommendations.allSatisfy { !$0.figures.isEmpty })
        let isLost = item.kind == .oscillating || item.kind == .diverging
        #expect(!isLost || report.trend.convergedStep == nil)
        #expect(report.suggestedRate.map { $0 / 1e-3 } == item.factor.map { 1e-3 * $0 / 1e-3 })
    }

    @Test("the same kinds at other seeds of noise, and at ten times the updates")
    func robust() {
        for item in Self.cases where item.kind == .decreasing || item.kind == .plateau {
            let long = MonitorReport(history(count: 2000, noise: 0.05) { item.loss($0 / 10) })
            #expect(long.trend.kind == item.kind, "\(item.testDescription): \(long.trend)")
        }
    }

    @Test("few updates are not judged")
    func short() {
        for count in [1, 9] {
            let report = MonitorReport(history(count: count) { _ in 2 })
            #expect(report.trend.kind == .tooShort && report.recommendations.map(\.subject) == [.length])
        }
        let empty = MonitorReport(RunHistory(model: "none"))
        #expect(empty.trend.kind == .tooShort && empty.gradients == nil && empty.speed == nil)
    }

    @Test("an eval loss that rises while the training loss falls is overfitting; both falling is not")
    func overfitting() throws {
        func report(_ evalLoss: (Double) -> Double) -> MonitorReport {
            var history = history { 4 * exp(-$0 / 100) }
            history.evaluations = stride(from: 20, through: 200, by: 20).map {
                EvaluationRecord(step: $0, epoch: 0, loss: evalLoss(Double($0)), classes: [])
            }
            return MonitorReport(history)
        }
        let over = report { 2 + 0.00005 * ($0 - 80) * ($0 - 80) }
        let facts = try #require(over.overfitting)
        #expect(
            facts.isOverfitting && facts.bestStep == 80 && abs(facts.rise - 0.36) < 1e-9 && facts.trainChange < -0.5)
        #expect(over.recommendations.map(\.subject) == [.overfitting], "and not to train for longer, too")
        let fine = report { 4 * exp(-$0 / 120) }
        #expect(fine.overfitting?.isOverfitting == false)
        #expect(!fine.recommendations.map(\.subject).contains(.overfitting))
    }

    @Test("norms, clipping and skipped updates are counted")
    func gradients() throws {
        var history = history { 4 - 0.015 * $0 }
        for place in history.updates.indices { history.updates[place].gradientNorm = place % 20 == 0 ? 0.5 : 4 }
        let gradients = try #require(MonitorReport(history).gradients)
        #expect(gradients.median == 4 && gradients.largest == 4 && gradients.clippedShare == 0.95)
        #expect(gradients.skipped == 0)
        #expect(MonitorReport(history).recommendations.map(\.subject) == [.length, .gradients])
    }

    @Test("slopes are not moved by odd values")
    func theilSen() {
        var points = (0..<31).map { (x: Double($0), y: 3 - 0.5 * Double($0)) }
        for place in [3, 11, 20, 29] { points[place].y = 100 }
        let line = RobustStatistics.line(points)
        #expect(abs(line.slope + 0.5) < 1e-12 && abs(line.intercept - 3) < 1e-12)
        #expect(RobustStatistics.median([3, 1, 2]) == 2 && RobustStatistics.median([4, 1, 2, 3]) == 2.5)
        #expect(abs(RobustStatistics.deviation([1, 2, 3, 4, 100]) - 1.4826) < 1e-12)
    }

    /// Counted by hand for the tiny model: two decoder layers of width 16, a tower of one of width 12.
    @Test("operations of an update are those of its shapes")
    func cost() throws {
        let tiny = try TinyRun()
        let model = try tiny.model(.languageModel)
        let vocabulary = model.configuration.text.vocabularySize
        // q 16x16, k and v 8x16, o 16x16, gate and up 24x16, down 16x24.
        let layer = 256 + 128 + 128 + 256 + 3 * 384
        let shape = BatchShape(count: 2, length: 10, labelCount: 5, runsTower: false)
        let forward = 2.0 * 20 * Double(2 * layer) + 4.0 * 20 * 10 * Double(2 * 2 * 8)
        let head = 2.0 * 5 * Double(vocabulary * 16)
        // Everything in the decoder learns, and so does the table.
        #expect(StepCost(model).operations([shape]) == 3 * forward + 3 * head)
        // With adapters on frozen weights, gradients go through but not to the weights; the table is frozen.
        let adapted = StepCost(try tiny.model(.adapter))
        let extra = 2 * (2 * (16 + 16) + 2 * (24 + 16))
        let products = 2.0 * 20 * Double(2 * layer + extra)
        let attention = 4.0 * 20 * 10 * Double(2 * 2 * 8)
        let weightGradients = 2.0 * 20 * Double(extra)
        #expect(adapted.operations([shape]) == 2 * products + 3 * attention + weightGradients + 2 * head)
    }
}
