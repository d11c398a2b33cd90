import CPUBackend
import Foundation
import Tensors
import Testing

/// How fast kernels are at the shapes of a 3B model at 448 pixels: best of several, on all cores.
///
///     PALINOTE_MEASURE=1 swift test --filter KernelSpeed
///
/// C is optimized in debug builds too. `chrt -f 10` before the command keeps neighbours out.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["PALINOTE_MEASURE"] != nil, "measures on demand"))
struct KernelSpeed {
    /// Rows, columns and depth of a layer's product.
    static let products = [(1056, 9216, 2304), (1056, 2304, 9216), (1056, 2304, 2048), (1024, 4304, 1152)]

    @Test("products", arguments: MatmulLibrary.allCases, [ElementType.float32, .bfloat16])
    func products(library: MatmulLibrary, type: ElementType) throws {
        var options = CPUOptions()
        options.matmulLibrary = library
        let bench = Bench(backend: try CPUBackend(options), type: type, name: "\(library.rawValue) \(type.name)")
        for (m, n, k) in Self.products {
            let work = 2 * Double(m * n * k)
            try bench.product("forward", m, n, k, packed: true, work)
            try bench.product("input gradient", m, k, n, transposeB: false, work)
            try bench.product("weight gradient", n, k, m, transposeA: true, transposeB: false, work)
        }
        let (vocabulary, width) = (257_216, 2304)
        let bytes = Double(vocabulary * width * type.byteCount)
        try bench.product("decode, head, GB/s", 1, vocabulary, width, packed: true, bytes)
        try bench.product("decode, up, GB/s", 1, 9216, width, packed: true, Double(9216 * width * type.byteCount))
        try bench.product(
            "head's gradient", 32, width, vocabulary, transposeB: false, 2 * 32 * Double(vocabulary * width))
    }

    @Test("attention", arguments: [ElementType.float32, .bfloat16])
    func attention(type: ElementType) throws {
        let bench = Bench(backend: try CPUBackend(), type: type, name: type.name)
        try bench.attention("vision, 16 heads of 72", queries: 1024, keys: 1024, heads: 16, keyHeads: 16, size: 72, nil)
        try bench.attention("text, 8 heads of 256", queries: 1056, keys: 1056, heads: 8, keyHeads: 4, size: 256, 50)
        try bench.attention("text, one query", queries: 1, keys: 1056, heads: 8, keyHeads: 4, size: 256, 50)
    }

    @Test("elements", arguments: [ElementType.float32, .bfloat16])
    func elements(type: ElementType) throws {
        let bench = Bench(backend: try CPUBackend(), type: type, name: type.name)
        let backend = bench.backend
        let (gate, up, output) = (
            try bench.tensor([1056, 9216]), try bench.tensor([1056, 9216]), try bench.tensor([1056, 9216])
        )
        let bytes = Double(gate.byteCount)
        try bench.measure("gated GELU, GB/s", 3 * bytes) {
            try backend.gatedGELU(GatedGELUCall(gate: gate, up: up, output: output))
        }
        try bench.measure("gated GELU backward, GB/s", 5 * bytes) {
            try backend.gatedGELUBackward(
                GatedGELUBackwardCall(outputGradient: output, gate: gate, up: up, gateGradient: gate, upGradient: up))
        }
        let (x, weight) = (try bench.tensor([1056, 2304]), try bench.tensor([2304]))
        try bench.measure("RMS norm and residual, GB/s", 3 * Double(x.byteCount)) {
            try backend.rmsNorm(RMSNormCall(input: x, weight: weight, residual: x, epsilon: 1e-6, output: x))
        }
        let moments = try (0..<4).map { _ in try bench.tensor([16 << 20]) }
        try bench.measure("AdamW, GB/s", 7 * Double(moments[0].byteCount)) {
            try backend.adamW(
                AdamWCall(
                    parameter: moments[0], gradient: moments[1], firstMoment: moments[2], secondMoment: moments[3],
                    variant: .torch, learningRate: 1e-5, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01,
                    step: 3, gradientScale: 1))
        }
        let logits = try bench.tensor([32, 257_216], .float32)
        let losses = try bench.tensor([32], .float32)
        let targets = try Tensor([Int32](repeating: 7, count: 32), shape: [32], on: backend)
        try bench.measure("cross-entropy with gradient, GB/s", 3 * Double(logits.byteCount)) {
            try backend.crossEntropy(
                CrossEntropyCall(
                    logits: logits, softCap: 30, targets: targets, weights: losses, losses: losses,
                    logitsGradient: logits))
        }
    }
}

/// Measures calls on one backend.
private struct Bench {
    let backend: CPUBackend
    let type: ElementType
    let name: String

    /// Positive numbers of no pattern.
    func tensor(_ shape: [Int], _ type: ElementType? = nil) throws -> Tensor {
        let tensor = try Tensor(uninitialized: shape, type ?? self.type, on: backend)
        try backend.fill(FillCall(output: tensor, value: 0.37))
        for step in 0..<3 {
            let key = RandomKey(seed: 5, purpose: "values", step: UInt64(step))
            try backend.dropout(DropoutCall(input: tensor, rate: 0.3, key: key, output: tensor))
        }
        return tensor
    }

    /// Prints the best time of five and how much of `work` is done in a second, in billions.
    func measure(_ what: String, _ work: Double, _ body: () throws -> Void) throws {
        var best = Duration.seconds(1000)
        for _ in 0..<5 { best = min(best, try ContinuousClock().measure(body)) }
        let seconds = best / .seconds(1)
        print(String(format: "%@ | %@ | %.2f ms | %.1f", name, what, 1000 * seconds, work / seconds / 1e9))
    }

    func product(
        _ what: String, _ m: Int, _ n: Int, _ k: Int, transposeA: Bool = false, transposeB: Bool = true,
        packed: Bool = false, _ work: Double
    ) throws {
        var call = MatmulCall(
            a: try tensor(transposeA ? [k, m] : [m, k]), b: try tensor(transposeB ? [n, k] : [k, n]),
            output: try tensor([m, n]))
        (call.transposeA, call.transposeB, call.reusesB) = (transposeA, transposeB, packed)
        let fixed = call
        try measure("\(what) \(m)x\(n)x\(k)", work) { try backend.matmul(fixed) }
    }

    func attention(
        _ what: String, queries: Int, keys: Int, heads: Int, keyHeads: Int, size: Int, _ softCap: Float?
    ) throws {
        let (q, k) = (try tensor([1, queries, heads, size]), try tensor([1, keys, keyHeads, size]))
        let mask = AttentionMask(keys: [0..<keys], prefixEnd: [keys], queryOffset: keys - queries)
        let call = AttentionCall(
            q: q, k: k, v: try tensor(k.shape), mask: mask, scale: 0.06, softCap: softCap, output: try tensor(q.shape),
            logSumExp: try tensor([1, heads, queries], .float32))
        let work = 4 * Double(queries * keys * heads * size)
        try measure("attention, \(what)", work) { try backend.attention(call) }
        guard queries > 1 else { return }
        let backward = AttentionBackwardCall(
            outputGradient: try tensor(q.shape), forward: call, qGradient: try tensor(q.shape),
            kGradient: try tensor(k.shape), vGradient: try tensor(k.shape))
        try measure("its backward", 2.5 * work) { try backend.attentionBackward(backward) }
    }
}
