import CPUBackend
import Tensors
import Testing

/// The same bytes at any number of threads, for everything that is cut into parts.
@Suite struct ThreadTests {
    static let sets = InstructionSet.allCases.filter { instructions in
        var options = CPUOptions()
        options.instructionSet = instructions
        return instructions != .auto && (try? CPUBackend(options)) != nil
    }

    @Test("1, 2, 3 and 8 threads give the same bits", arguments: sets, [ElementType.float32, .bfloat16])
    func sameBits(instructions: InstructionSet, type: ElementType) throws {
        let one = try results(threads: 1, instructions, type)
        for threads in [2, 3, 8] {
            let many = try results(threads: threads, instructions, type)
            let differing = one.filter { many[$0.key] != $0.value }.keys.sorted()
            #expect(differing.isEmpty, "at \(threads) threads")
        }
    }

    /// The bytes that each kernel leaves, by its name.
    private func results(
        threads: Int, _ instructions: InstructionSet, _ type: ElementType
    ) throws -> [String: [UInt8]] {
        var options = CPUOptions()
        options.threads = threads
        options.instructionSet = instructions
        let work = Work(backend: try CPUBackend(options), type: type)
        return try work.products().merging(work.attention()) { $1 }.merging(work.rows()) { $1 }
    }
}

/// One round of calls on one backend.
private struct Work {
    let backend: CPUBackend
    let type: ElementType

    /// Values between -2 and 2 without a short pattern, cheap to make.
    func random(_ name: String, _ shape: [Int], _ type: ElementType? = nil) throws -> Tensor {
        let start = RandomKey(seed: 1, purpose: name).low
        let values = (0..<UInt32(shape.product)).map {
            Float(Int32(bitPattern: ($0 &+ start) &* 2_654_435_761)) * 0x1p-30
        }
        return try Tensor(values, shape: shape, on: backend).converted(to: type ?? self.type)
    }

    func empty(_ shape: [Int], _ type: ElementType? = nil) throws -> Tensor {
        try Tensor(uninitialized: shape, type ?? self.type, on: backend)
    }

    func products() throws -> [String: [UInt8]] {
        var results: [String: [UInt8]] = [:]
        for (m, n, k) in [(1, 700, 100), (150, 130, 35), (37, 3, 700), (2, 40, 2100)] {
            for reusesB in [false, true] {
                var call = MatmulCall(
                    a: try random("a", [m, k]), b: try random("b", [n, k]), output: try empty([m, n]))
                (call.transposeB, call.reusesB) = (true, reusesB)
                try backend.matmul(call)
                results["product \(m) \(n) \(k) \(reusesB)"] = try call.output.readBytes()
            }
        }
        return results
    }

    func attention() throws -> [String: [UInt8]] {
        let queries = [2, 110, 4, 24]
        let keys = [2, 110, 2, 24]
        let call = AttentionCall(
            q: try random("q", queries), k: try random("k", keys), v: try random("v", keys),
            mask: AttentionMask(keys: [3..<110, 0..<101], prefixEnd: [60, 60]), scale: 0.2, softCap: 50,
            output: try empty(queries), logSumExp: try empty([2, 4, 110], .float32))
        try backend.attention(call)
        let backward = AttentionBackwardCall(
            outputGradient: try random("g", queries), forward: call, qGradient: try empty(queries),
            kGradient: try empty(keys), vGradient: try empty(keys))
        try backend.attentionBackward(backward)
        return [
            "attention": try call.output.readBytes(), "dq": try backward.qGradient.readBytes(),
            "dk": try backward.kGradient.readBytes(), "dv": try backward.vGradient.readBytes(),
        ]
    }

    func rows() throws -> [String: [UInt8]] {
        let x = try random("x", [70, 700])
        let sums = try empty([700], .float32)
        try backend.sumColumns(SumColumnsCall(input: x, accumulate: false, output: sums))
        let squares = try empty([1], .float32)
        try backend.sumOfSquares(SumOfSquaresCall(input: x, output: squares))
        let normed = try empty([70, 700])
        let inverse = try empty([70], .float32)
        let weight = try random("w", [700])
        try backend.rmsNorm(
            RMSNormCall(input: x, weight: weight, epsilon: 1e-6, output: normed, inverseRMS: inverse))
        let (ofX, ofWeight) = (try empty([70, 700]), try empty([700], .float32))
        try backend.rmsNormBackward(
            RMSNormBackwardCall(
                outputGradient: try random("g", [70, 700]), input: x, weight: weight, inverseRMS: inverse,
                inputGradient: ofX, weightGradient: ofWeight, accumulateWeight: false))
        let activated = try empty([70, 700])
        try backend.gelu(GELUCall(input: x, output: activated))
        return [
            "sums": try sums.readBytes(), "squares": try squares.readBytes(), "norm": try normed.readBytes(),
            "norm dx": try ofX.readBytes(), "norm dw": try ofWeight.readBytes(), "gelu": try activated.readBytes(),
        ]
    }
}
