import Foundation
import Tensors
import TestSupport
import Testing

/// Kernels against what torch 2.5.1 and transformers 4.47.0 answered: `Tests/Reference/kernels/make_kernels.py`, seed 20.
@Suite struct ReferenceConformance {
    @Test("attention with soft-cap, prefix, window and left padding", arguments: Subject.all)
    func attention(subject: Subject) throws {
        let backend = try subject.make()
        let fixture = try KernelFixture("attention")
        let (q, k, v) = (
            try fixture.tensor("q", on: backend), try fixture.tensor("k", on: backend),
            try fixture.tensor("v", on: backend)
        )
        let call = AttentionCall(
            q: q, k: k, v: v, mask: AttentionMask(keys: [3..<11, 0..<11], prefixEnd: [7, 7], window: 5), scale: 0.3,
            softCap: 5, output: try room(q.shape, on: backend), logSumExp: try room([2, 4, 11], on: backend))
        try backend.attention(call)
        var output = try call.output.floats()
        // Rows of padding see the prefix here too; nothing reads them.
        for i in 0..<3 * 4 * 12 { output[i] = 0 }
        expectNear(output, try fixture.values("output"), tolerance: 2e-6, "output")
        let gradients = try [q, k, v].map { try room($0.shape, on: backend) }
        try backend.attentionBackward(
            AttentionBackwardCall(
                outputGradient: fixture.tensor("gradient", on: backend), forward: call, qGradient: gradients[0],
                kGradient: gradients[1], vGradient: gradients[2]))
        for (name, gradient) in zip(["dq", "dk", "dv"], gradients) {
            expectNear(try gradient.floats(), try fixture.values(name), tolerance: 1e-5, name)
        }
    }

    @Test("rotary positions", arguments: Subject.all)
    func rotary(subject: Subject) throws {
        let backend = try subject.make()
        let fixture = try KernelFixture("rotary")
        let x = try fixture.tensor("x", on: backend)
        let output = try room(x.shape, on: backend)
        try backend.rotary(
            RotaryCall(
                input: x, positions: fixture.indices("positions", on: backend), theta: 10_000, inverse: false,
                output: output))
        expectNear(try output.floats(), try fixture.values("output"), tolerance: 2e-6)
    }

    @Test("both norms with their gradients", arguments: Subject.all, ["rms_norm", "layer_norm"])
    func norm(subject: Subject, name: String) throws {
        let backend = try subject.make()
        let fixture = try KernelFixture(name)
        let (x, weight) = (try fixture.tensor("x", on: backend), try fixture.tensor("weight", on: backend))
        let gradient = try fixture.tensor("gradient", on: backend)
        let (output, dx) = (try room(x.shape, on: backend), try room(x.shape, on: backend))
        let (dweight, dbias) = (try room([33], on: backend), try room([33], on: backend))
        let (mean, inverse) = (try room([5], on: backend), try room([5], on: backend))
        if name == "rms_norm" {
            try backend.rmsNorm(
                RMSNormCall(input: x, weight: weight, epsilon: 1e-6, output: output, inverseRMS: inverse))
            try backend.rmsNormBackward(
                RMSNormBackwardCall(
                    outputGradient: gradient, input: x, weight: weight, inverseRMS: inverse, inputGradient: dx,
                    weightGradient: dweight, accumulateWeight: false))
        } else {
            try backend.layerNorm(
                LayerNormCall(
                    input: x, weight: weight, bias: fixture.tensor("bias", on: backend), epsilon: 1e-6, output: output,
                    mean: mean, inverseDeviation: inverse))
            try backend.layerNormBackward(
                LayerNormBackwardCall(
                    outputGradient: gradient, input: x, weight: weight, mean: mean, inverseDeviation: inverse,
                    inputGradient: dx, weightGradient: dweight, biasGradient: dbias,
                    accumulateParameters: false))
            expectNear(try dbias.floats(), try fixture.values("dbias"), tolerance: 2e-6, "bias")
        }
        expectNear(try output.floats(), try fixture.values("output"), tolerance: 2e-6, "output")
        expectNear(try dx.floats(), try fixture.values("dx"), tolerance: 5e-6, "input")
        expectNear(try dweight.floats(), try fixture.values("dweight"), tolerance: 5e-6, "weight")
    }

    @Test("GELU with its gradient", arguments: Subject.all)
    func gelu(subject: Subject) throws {
        let backend = try subject.make()
        let fixture = try KernelFixture("gelu")
        let x = try fixture.tensor("x", on: backend)
        let (output, dx) = (try room(x.shape, on: backend), try room(x.shape, on: backend))
        try backend.gelu(GELUCall(input: x, output: output))
        try backend.geluBackward(
            GELUBackwardCall(
                outputGradient: fixture.tensor("gradient", on: backend), input: x, inputGradient: dx, accumulate: false)
        )
        expectNear(try output.floats(), try fixture.values("output"), tolerance: 1e-6, "output")
        expectNear(try dx.floats(), try fixture.values("dx"), tolerance: 2e-6, "gradient")
    }

    @Test("cross-entropy of capped logits, ignoring labels of weight zero", arguments: Subject.all)
    func crossEntropy(subject: Subject) throws {
        let backend = try subject.make()
        let fixture = try KernelFixture("cross_entropy")
        let logits = try fixture.tensor("logits", on: backend)
        let labels = try fixture.values("targets")
        let counted = labels.filter { $0 >= 0 }.count
        let weights = labels.map { $0 >= 0 ? 1 / Float(counted) : 0 }
        let (losses, gradient) = (try room([6], on: backend), try room(logits.shape, on: backend))
        try backend.crossEntropy(
            CrossEntropyCall(
                logits: logits, softCap: 30, targets: Tensor(labels.map { Int32(max($0, 0)) }, shape: [6], on: backend),
                weights: Tensor(weights, shape: [6], on: backend), losses: losses, logitsGradient: gradient))
        expectNear([try losses.floats().reduce(0, +)], try fixture.values("loss"), tolerance: 1e-6, "loss")
        expectNear(
            try gradient.floats(), try fixture.values("dlogits"), tolerance: 1e-5, scale: 1e-2, "gradient")
    }

    @Test("four updates of both kinds of AdamW", arguments: Subject.all, AdamWCall.Variant.allCases)
    func adamW(subject: Subject, variant: AdamWCall.Variant) throws {
        let backend = try subject.make()
        let fixture = try KernelFixture(variant.rawValue)
        let parameter = try fixture.tensor("before", on: backend)
        let moments = try (0..<2).map { _ in try Tensor([Float](repeating: 0, count: 40), shape: [40], on: backend) }
        for step in 1...4 {
            try backend.adamW(
                AdamWCall(
                    parameter: parameter, gradient: fixture.tensor("gradient\(step)", on: backend),
                    firstMoment: moments[0], secondMoment: moments[1], variant: variant, learningRate: 0.02, beta1: 0.9,
                    beta2: 0.95, epsilon: 1e-4, weightDecay: 0.1, step: step, gradientScale: 1))
        }
        expectNear(try parameter.floats(), try fixture.values("after"), tolerance: 1e-6)
    }
}

/// The tensors of one kernel in `fixtures/kernels/kernels.json`.
struct KernelFixture {
    private struct File: Decodable {
        let kernels: [String: [String: Array]]
    }

    private struct Array: Decodable {
        let shape: [Int]
        let values: [Double]
    }

    private let arrays: [String: Array]

    init(_ kernel: String) throws {
        let file = Folders.fixtures.appendingPathComponent("kernels/kernels.json")
        let kernels = try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).kernels
        arrays = try #require(kernels[kernel])
    }

    /// The values of a tensor.
    func values(_ name: String) throws -> [Double] {
        try #require(arrays[name]).values
    }

    /// A float32 tensor on a device.
    func tensor(_ name: String, on backend: any Backend) throws -> Tensor {
        let array = try #require(arrays[name])
        return try Tensor(array.values.map(Float.init), shape: array.shape, on: backend)
    }

    /// An int32 tensor on a device.
    func indices(_ name: String, on backend: any Backend) throws -> Tensor {
        let array = try #require(arrays[name])
        return try Tensor(array.values.map { Int32($0) }, shape: array.shape, on: backend)
    }
}
