import Foundation
import Testing

@testable import Training

@Suite("Strategy follows from figures")
struct StrategyAdviceTests {
    private func report(
        rate: Double = 1e-3, noise: Double = 0, evals: [(Int, Double)] = [], _ loss: (Double) -> Double
    ) -> MonitorReport {
        var history = RunHistory(model: "test")
        for step in 1...100 {
            let wobble = noise * (step % 2 == 0 ? 1 : -1) * (step % 3 == 0 ? 1.2 : 0.8)
            history.updates.append(
                .init(
                    step: step, epoch: Double(step) / 50, loss: loss(Double(step)) * (1 + wobble), learningRate: rate,
                    gradientNorm: 1))
        }
        history.totalSteps = 100
        for (step, value) in evals {
            history.evaluations.append(
                EvaluationRecord(step: step, epoch: Double(step) / 50, loss: value, classes: []))
        }
        return MonitorReport(history)
    }

    private func change(
        _ option: String, counts: [Int] = [50, 50, 50], report: MonitorReport? = nil, noise: GradientNoise? = nil,
        examples: Int = 160, _ arguments: TrainingArguments = TrainingArguments()
    ) -> StrategyAdvice.Change? {
        StrategyAdvice(arguments, boxCounts: counts, exampleCount: examples, report: report, noise: noise)
            .changes.first { $0.option == option }
    }

    @Test("classes out of balance ask for weights, balanced ones for none")
    func balance() {
        #expect(change("class-weights") == nil)
        #expect(change("class-weights", counts: [10, 50, 50, 0])?.proposed == "balanced")
        #expect(change("class-weights", counts: []) == nil)
        var arguments = TrainingArguments()
        arguments.classWeights = ClassWeights(["a": 2])
        #expect(change("class-weights", counts: [10, 50, 50], arguments) == nil)
        #expect(change("class-weights", arguments)?.proposed == "none")
    }

    @Test("the learning rate follows from how soon and how evenly the loss fell")
    func rate() {
        // An even fall to the end: the rate is too small.
        #expect(change("learning-rate", report: report { 5 - 0.04 * $0 })?.proposed == "0.002")
        // A rise asks for a third.
        #expect(change("learning-rate", report: report(rate: 3e-3) { 1 + 0.03 * $0 })?.proposed == "0.001")
        // Fallen at once, then noise.
        let early = report(noise: 0.13) { $0 < 8 ? 5 : 1 }
        #expect(change("learning-rate", report: early)?.proposed == "0.0005")
        // Fallen in the first half, then quiet.
        #expect(change("learning-rate", report: report { 1 + 4 * exp(-$0 / 15) }) == nil)
        #expect(change("learning-rate") == nil)
    }

    @Test("a run that overfits should end where it was best")
    func epochs() {
        var arguments = TrainingArguments()
        arguments.numTrainEpochs = 4
        let over = report(evals: [(25, 2), (50, 1), (75, 1.5), (100, 2)]) { 5 - 0.04 * $0 }
        #expect(change("num-train-epochs", report: over, arguments)?.proposed == "2.0")
    }

    @Test("the batch follows from the noise scale, micro-batches and accumulation together")
    func batch() throws {
        func noise(_ scale: Double) -> GradientNoise? {
            GradientNoise(smallBatch: 1, largeBatch: 10, smallSquare: 1 + scale, largeSquare: 1 + scale / 10)
        }
        var arguments = TrainingArguments()
        arguments.perDeviceTrainBatchSize = 4
        #expect(change("per-device-train-batch-size", noise: noise(4), arguments) == nil)
        #expect(change("per-device-train-batch-size", noise: noise(1), arguments)?.proposed == "1")
        #expect(change("per-device-train-batch-size", noise: noise(500), arguments)?.proposed == "8")
        #expect(change("gradient-accumulation-steps", noise: noise(500), arguments)?.proposed == "2")
        // 160 examples leave eight updates of 20, so 16 is the most; of eight examples, one.
        #expect(change("per-device-train-batch-size", noise: noise(500), examples: 8, arguments)?.proposed == "1")
    }

    @Test("numbers are written short")
    func text() {
        for (value, expected) in [(0.002, "0.002"), (1.0 / 3 * 1e-3, "0.000333"), (12.3456, "12.3"), (0, "0.0")] {
            #expect(StrategyAdvice.text(value) == expected)
        }
    }
}
