import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("The noise of gradients")
struct GradientNoiseTests {
    /// Gradients of examples are a direction of length 2 and noise of variance 0.09 in each of 50 dimensions.
    @Test("is found again in gradients that were made with it")
    func synthetic() throws {
        var stream = RandomStream(seed: 4, purpose: "noise")
        let direction = (0..<50).map { $0 < 4 ? 1.0 : 0 }
        func square(batch: Int) -> Double {
            var mean = [Double](repeating: 0, count: 50)
            for _ in 0..<batch {
                for i in mean.indices { mean[i] += (direction[i] + 0.3 * stream.normal()) / Double(batch) }
            }
            return mean.reduce(0) { $0 + $1 * $1 }
        }
        let (small, large) = ((0..<800).map { _ in square(batch: 1) }, (0..<200).map { _ in square(batch: 8) })
        let noise = try #require(
            GradientNoise(
                smallBatch: 1, largeBatch: 8, smallSquare: small.reduce(0, +) / 800,
                largeSquare: large.reduce(0, +) / 200))
        #expect(abs(noise.trueSquare - 4) < 0.15 && abs(noise.variance - 4.5) < 0.3)
        let scale = try #require(noise.simpleScale)
        #expect(abs(scale - 4.5 / 4) < 0.15)
    }

    @Test("names a batch size, a power of two within bounds")
    func sizes() throws {
        func noise(scale: Double) -> GradientNoise? {
            // |G|² = 1, variance = scale.
            GradientNoise(smallBatch: 1, largeBatch: 10, smallSquare: 1 + scale, largeSquare: 1 + scale / 10)
        }
        for (scale, expected) in [(0.5, 1), (3.9, 4), (6, 8), (100, 32)] as [(Double, Int)] {
            #expect(noise(scale: scale)?.batchSize(atMost: 32) == expected, "\(scale)")
        }
        #expect(GradientNoise(smallBatch: 1, largeBatch: 4, smallSquare: 4, largeSquare: 1)?.simpleScale == .infinity)
        #expect(GradientNoise(smallBatch: 1, largeBatch: 4, smallSquare: 1, largeSquare: 2)?.simpleScale == nil)
        #expect(GradientNoise(smallBatch: 4, largeBatch: 4, smallSquare: 1, largeSquare: 1) == nil)
    }

    /// Where every example is the same, gradients have no noise but rounding.
    @Test("is none where all examples are one, and measuring leaves weights and gradients alone")
    func probe() throws {
        let tiny = try TinyRun()
        let model = try tiny.model()
        let before = try trainedBytes(model)
        let same = Array(repeating: tiny.examples[0], count: 4)
        let none = try #require(
            try GradientProbe(model, tiny.processor, examples: same, loader: tiny.loader(), tiny.arguments)
                .noise(size: 1, microBatches: 2, groups: 9, seed: 1))
        #expect(abs(none.variance) < 1e-4 * none.smallSquare)
        let some = try #require(
            try GradientProbe(model, tiny.processor, examples: tiny.examples, loader: tiny.loader(), tiny.arguments)
                .noise(size: 1, microBatches: 3, groups: 2, seed: 1))
        #expect(some.smallSquare > some.largeSquare && some.variance > 0)
        #expect(try trainedBytes(model) == before)
        #expect(model.parameters.trainable.allSatisfy { $0.gradient == nil })
    }

    @Test("needs enough examples, and something that learns")
    func refusals() throws {
        let tiny = try TinyRun()
        let model = try tiny.model()
        let probe = try GradientProbe(
            model, tiny.processor, examples: tiny.examples, loader: tiny.loader(), tiny.arguments)
        #expect(throws: TrainingError.self) { try probe.noise(size: 4, microBatches: 2, groups: 1, seed: 1) }
        model.parameters.freeze { _ in true }
        #expect(throws: TrainingError.self) {
            try GradientProbe(model, tiny.processor, examples: tiny.examples, loader: tiny.loader(), tiny.arguments)
        }
    }
}
