import CUDABackend
import CUDAEmulator
import CUDATestSupport
import Tensors
import TestSupport
import Testing

/// Calls that are recorded once and replayed.
@Suite(.serialized) struct GraphRepeaterTests {
    @Test("a replay computes with what its inputs hold now, in memory that nothing else gets")
    func replays() throws {
        let backend = try CUDABackend(EmulatedCUDA.options())
        let input = try Tensor(uninitialized: [1000], .float32, on: backend)
        var repeater: (any Repeater)? = backend.makeRepeater()
        var bodyCount = 0
        var others: [Tensor] = []
        for run in 1...6 {
            try input.write([Float](repeating: Float(run), count: 1000))
            let output = try #require(repeater).run { () throws(TensorError) in
                bodyCount += 1
                let double = try input.scaled(by: 2)
                return try double.adding(input.scaled(by: 10)).adding(double)
            }
            #expect(try output.floats() == [Float](repeating: 14 * Float(run), count: 1000))
            // What is allocated between runs must not be what the recording writes to.
            others.append(try .filled(-1, shape: [1000], .float32, on: backend))
        }
        #expect(bodyCount == 2)
        #expect(backend.refusedRecordingCount == 0)
        for other in others { #expect(try other.floats().allSatisfy { $0 == -1 }) }
        others = []
        repeater = nil
        #expect(backend.memory.allocated == input.byteCount.roundedUp(to: 512))
        #expect(cudaemulator_fault_count() == 0)
    }

    @Test("kernels overlap behind activations, unless somebody may write what they read ahead")
    func overlaps() throws {
        for (isAllowed, reusesWeight, expected) in [(true, true, 2), (true, false, 1), (false, true, 0)] {
            var options = EmulatedCUDA.options()
            options.overlapsLaunches = isAllowed
            let backend = try CUDABackend(options)
            let x = try Tensor.filled(1, shape: [2, 64], .bfloat16, on: backend)
            let weight = try Tensor.filled(1, shape: [64, 64], .bfloat16, on: backend)
            let scale = try Tensor.filled(0, shape: [64], .bfloat16, on: backend)
            let before = cudaemulator_early_launch_count()
            let normed = try x.rmsNorm(weight: scale, epsilon: 0)  // behind a fill
            var product = MatmulCall(
                a: normed, b: weight, output: try Tensor(uninitialized: [2, 64], .bfloat16, on: backend))
            (product.transposeB, product.reusesB) = (true, reusesWeight)
            try backend.matmul(product)
            let output = try product.output.rmsNorm(weight: scale, epsilon: 0)
            #expect(cudaemulator_early_launch_count() - before == expected)
            #expect(try output.floats() == [Float](repeating: 1, count: 128))
        }
    }

    @Test("calls that read to the host cannot be recorded, and run as always")
    func notRecorded() throws {
        let backend = try CUDABackend(EmulatedCUDA.options())
        let input = try Tensor.filled(3, shape: [10], .float32, on: backend)
        let repeater = backend.makeRepeater()
        for _ in 0..<4 {
            let output = try repeater.run { () throws(TensorError) in
                try input.scaled(by: input.floats()[0])
            }
            #expect(try output.floats() == [Float](repeating: 9, count: 10))
        }
        #expect(backend.refusedRecordingCount == 1)
    }
}

extension Int {
    fileprivate func roundedUp(to step: Int) -> Int { (self + step - 1) / step * step }
}
