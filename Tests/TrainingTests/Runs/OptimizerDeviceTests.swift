import CPUBackend
import CUDABackend
import CUDAEmulator
import CUDATestSupport
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("Optimizers on a GPU are those on the processor")
struct OptimizerDeviceTests {
    /// A large matrix, a small one, and a vector.
    private static let shapes = [[70, 301], [8, 24], [300]]

    private static let optimizers = TrainingArguments.Optimizer.allCases

    private func optimizer(_ optim: TrainingArguments.Optimizer, on backend: any Backend) throws -> WeightOptimizer {
        var arguments = TrainingArguments()
        (arguments.optim, arguments.weightDecay) = (optim, 0.1)
        let weights = try Self.shapes.enumerated().map { place, shape in
            Parameter(name: "w\(place)", value: try sample("w\(place)", shape, on: backend).converted(to: .bfloat16))
        }
        return try WeightOptimizer(weights, arguments)
    }

    private func sample(_ name: String, _ shape: [Int], on backend: any Backend) throws -> Tensor {
        var stream = RandomStream(seed: 9, purpose: name)
        return try Tensor((0..<shape.product).map { _ in Float(stream.normal()) }, shape: shape, on: backend)
    }

    /// Gradients that are the same on every device, and an update with them.
    private func update(_ optimizer: WeightOptimizer) throws {
        for parameter in optimizer.slots.map(\.parameter) {
            let target = try parameter.gradientTarget().tensor
            let gradient = try sample(
                "\(parameter.name) \(optimizer.step)", parameter.shape, on: parameter.value.backend)
            try gradient.backend.convert(ConvertCall(input: gradient, output: target))
        }
        try optimizer.update(learningRate: 0.01, gradientNorm: 4)
    }

    /// Expects the same codes, and real numbers that differ by no more than fused sums do, or sums in another order.
    private func expectSame(_ found: WeightOptimizer, _ expected: WeightOptimizer) throws {
        for (a, b) in zip(found.slots.flatMap(\.stored), expected.slots.flatMap(\.stored)) {
            if a.tensor.elementType == .uint8 {
                #expect(try a.tensor.readBytes() == b.tensor.readBytes(), "\(a.name)")
            } else {
                expectClose(try a.tensor.floats(), try b.tensor.floats(), relative: 1e-6, absolute: 1e-7, "\(a.name)")
            }
        }
        for slot in found.slots {
            #expect(try slot.parameter.value.floats() == slot.weights.converted(to: .bfloat16).floats())
        }
    }

    @Test("weights and what is kept for them, without a wait for the device", arguments: optimizers)
    func updates(optim: TrainingArguments.Optimizer) throws {
        let gpu = try optimizer(optim, on: CUDABackend(EmulatedCUDA.options()))
        let cpu = try optimizer(optim, on: CPUBackend())
        for _ in 0..<3 {
            let waits = cudaemulator_wait_count()
            try update(gpu)
            #expect(cudaemulator_wait_count() == waits)
            try update(cpu)
        }
        try expectSame(gpu, cpu)
        #expect(cudaemulator_fault_count() == 0)
    }

    @Test("a run goes on where the other device left it", arguments: optimizers)
    func moved(optim: TrainingArguments.Optimizer) throws {
        let folder = try ScratchFolder()
        let backends: [any Backend] = [try CPUBackend(), try CUDABackend(EmulatedCUDA.options())]
        for (from, to) in [(0, 1), (1, 0)] {
            let (first, second) = (
                try optimizer(optim, on: backends[from]), try optimizer(optim, on: backends[to])
            )
            for _ in 0..<2 { try update(first) }
            try first.store(to: folder.path)
            try second.restore(from: folder.path, second.slots.flatMap(\.stored)) { $0.count == $1 }
            second.step = first.step
            for _ in 0..<2 {
                try update(first)
                try update(second)
            }
            try expectSame(second, first)
        }
    }

    @Test("an update leaves a kept state as it was", arguments: optimizers)
    func kept(optim: TrainingArguments.Optimizer) throws {
        for backend in [try CPUBackend(), try CUDABackend(EmulatedCUDA.options())] as [any Backend] {
            let optimizer = try optimizer(optim, on: backend)
            try update(optimizer)
            let kept = optimizer.keep()
            func bytes() throws -> [[UInt8]] {
                try kept.flatMap { try $0.moments.map { try $0.tensor.readBytes() } }
            }
            let before = try bytes()
            try update(optimizer)
            #expect(try bytes() == before)
            let after = try optimizer.slots.flatMap { try $0.moments.map { try $0.tensor.readBytes() } }
            #expect(kept.allSatisfy(\.moments.isEmpty) || after != before)
        }
    }
}
