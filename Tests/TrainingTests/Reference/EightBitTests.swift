import CPUBackend
import Checkpoints
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

/// The fixture was made by `Tests/Reference/training/make_eightbit.py`.
@Suite("AdamW in 8 bits is that of bitsandbytes' CPU build")
struct EightBitTests {
    private func fixture() throws -> SafetensorsFile {
        try SafetensorsFile(
            path: Folders.fixtures.appendingPathComponent("training/eightbit-period.safetensors").path)
    }

    @Test("both maps have the same bits")
    func maps() throws {
        let file = try fixture()
        #expect(try DynamicMap.signed.values == file.floats("qmap1"))
        #expect(try DynamicMap.unsigned.values == file.floats("qmap2"))
    }

    /// Where a moment lies in the middle between two codes, the last bit of a sum decides; a code may then be off by one.
    @Test("six updates of a large and a small weight")
    func updates() throws {
        let (file, backend) = (try fixture(), try CPUBackend())
        var arguments = TrainingArguments()
        (arguments.optim, arguments.weightDecay, arguments.maxGradNorm) = (.adamw8bit, 0.1, 0)
        let weights = try ["large", "small"].map { name in
            try Parameter(
                name: name,
                value: Tensor(
                    file.floats("\(name)/before"), shape: file.entry("\(name)/before").shape, on: backend))
        }
        let optimizer = try WeightOptimizer(weights, arguments)
        for step in 1...6 {
            for weight in weights {
                let target = try weight.gradientTarget().tensor
                let gradient = try Tensor(
                    file.floats("\(weight.name)/gradient/\(step)"), shape: weight.shape, on: backend)
                try backend.convert(ConvertCall(input: gradient, output: target))
            }
            try optimizer.update(learningRate: 1e-2, gradientNorm: 1)
            for weight in weights {
                expectClose(
                    try weight.value.floats(), try file.floats("\(weight.name)/after/\(step)"), relative: 1e-5,
                    absolute: 2e-4, "\(weight.name) after \(step)")
                let (found, expected) = (
                    try weight.value.floats(), try file.floats("\(weight.name)/after/\(step)")
                )
                let near = zip(found, expected).count { abs($0 - $1) <= 1e-6 * max(abs($1), 1) }
                #expect(Double(near) > 0.995 * Double(found.count), "\(near) of \(found.count) after \(step)")
            }
        }
        let slot = try #require(optimizer.slots.first)
        for (number, name) in ["state1", "state2"].enumerated() {
            let found = try slot.moments[number].tensor.read(as: UInt8.self)
            let expected = try file.integers("large/\(name)").map { Int($0) }
            let equal = zip(found, expected).count { Int($0) == $1 }
            #expect(Double(equal) > 0.995 * Double(found.count), "\(equal) of \(found.count) codes of \(name)")
            #expect(zip(found, expected).allSatisfy { abs(Int($0) - $1) <= 1 }, "\(name)")
            expectClose(
                try slot.moments[number + 2].tensor.floats(), try file.floats("large/absmax\(number + 1)"),
                relative: 1e-5, "scales of \(name)")
        }
    }
}
