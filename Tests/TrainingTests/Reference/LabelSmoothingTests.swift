import CPUBackend
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("Smoothed losses are those of transformers' LabelSmoother")
struct LabelSmoothingTests {
    /// A loss made by `Tests/Reference/training/make_smoothing.py`: two rows of five tokens over eleven ids.
    struct Case: Decodable {
        let factor: Float
        let logits: [Float]
        let labels: [[Int]]
        let loss: Double
        let gradient: [Float]
    }

    @Test("loss and gradient")
    func losses() throws {
        let file = Folders.fixtures.appendingPathComponent("training/smoothing-period.json")
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: file))
        #expect(cases.map(\.factor) == [0, 0.1, 0.5])
        let backend = try CPUBackend()
        for item in cases {
            // The logits at t predict the label at t + 1.
            let places = (0..<2).flatMap { row in (0..<4).map { (row, $0) } }
                .filter { item.labels[$0.0][$0.1 + 1] >= 0 }
            let rows = places.flatMap { row, t in item.logits[(row * 5 + t) * 11..<(row * 5 + t + 1) * 11] }
            let targets = places.map { Int32(item.labels[$0.0][$0.1 + 1]) }
            let logits = try Tensor(rows, shape: [places.count, 11], on: backend)
            let losses = try Tensor(uninitialized: [places.count], .float32, on: backend)
            let gradient = try Tensor(uninitialized: logits.shape, .float32, on: backend)
            var call = try CrossEntropyCall(
                logits: logits, targets: Tensor(targets, shape: [targets.count], on: backend),
                weights: .filled(1 / Float(places.count), shape: [places.count], .float32, on: backend),
                losses: losses, logitsGradient: gradient)
            call.smoothing = item.factor
            try backend.crossEntropy(call)
            let loss = try losses.floats().reduce(0) { $0 + Double($1) }
            #expect(abs(loss - item.loss) < 1e-6 * item.loss, "factor \(item.factor)")
            let expected = places.flatMap { row, t in item.gradient[(row * 5 + t) * 11..<(row * 5 + t + 1) * 11] }
            expectClose(try gradient.floats(), expected, relative: 1e-5, absolute: 1e-7, "factor \(item.factor)")
        }
    }
}
