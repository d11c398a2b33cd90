import Foundation
import Tensors
import Testing

/// Attention against float64 loops written from its definition.
@Suite struct AttentionConformance {
    /// One shape of attention: sizes, mask and soft-cap.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var batch = 1
        var queries = 7
        var capacity = 7
        var heads = 2
        var keyHeads = 1
        var headSize = 12
        var softCap: Float? = 3
        var scale: Float = 0.3
        var mask: AttentionMask
    }

    static let cases: [Case] = [
        Case(testDescription: "everything, no cap", softCap: nil, mask: .full(batch: 1, columns: 7)),
        Case(
            testDescription: "vision heads of 72", queries: 50, capacity: 50, heads: 2, keyHeads: 2, headSize: 72,
            softCap: nil, mask: .full(batch: 1, columns: 50)),
        Case(
            testDescription: "vision heads of 72, several tiles", queries: 140, capacity: 140, heads: 1, headSize: 72,
            softCap: nil, mask: .full(batch: 1, columns: 140)),
        Case(
            testDescription: "heads of 72 in a window", batch: 2, queries: 70, capacity: 300, heads: 4, keyHeads: 2,
            headSize: 72, softCap: 4, scale: 1,
            mask: AttentionMask(keys: [5..<290, 0..<250], prefixEnd: [90, 0], queryOffset: 210, window: 100)),
        Case(
            testDescription: "causal after a prefix, padding left", batch: 2, queries: 37, capacity: 37, heads: 4,
            keyHeads: 2, headSize: 64, mask: AttentionMask(keys: [5..<37, 0..<34], prefixEnd: [20, 15])),
        Case(
            testDescription: "one query on a cache", batch: 2, queries: 1, capacity: 60, heads: 8, keyHeads: 4,
            headSize: 256, mask: AttentionMask(keys: [3..<41, 0..<41], prefixEnd: [20, 20], queryOffset: 40)),
        Case(
            testDescription: "window that spares the prefix", queries: 60, capacity: 64, headSize: 12,
            mask: AttentionMask(keys: [2..<60], prefixEnd: [30], window: 5)),
        Case(
            testDescription: "window that cuts the prefix", queries: 60, capacity: 64, headSize: 12,
            mask: AttentionMask(keys: [2..<60], prefixEnd: [30], window: 5, windowSparesPrefix: false)),
        Case(
            testDescription: "large heads whose rows are shared out", queries: 41, capacity: 70, heads: 8,
            headSize: 256, mask: AttentionMask(keys: [3..<44], prefixEnd: [30], queryOffset: 3)),
        Case(
            testDescription: "heads of 80", batch: 2, queries: 45, capacity: 70, heads: 4, keyHeads: 2, headSize: 80,
            mask: AttentionMask(keys: [5..<50, 0..<47], prefixEnd: [20, 0], queryOffset: 2, window: 30)),
        Case(
            testDescription: "heads of 80, one query", queries: 1, capacity: 70, heads: 4, keyHeads: 2, headSize: 80,
            mask: AttentionMask(keys: [5..<67], prefixEnd: [20], queryOffset: 66)),
        Case(
            testDescription: "heads of 128", batch: 2, queries: 66, capacity: 66, heads: 2, headSize: 128, softCap: nil,
            scale: 0.1, mask: AttentionMask(keys: [0..<66, 9..<66], prefixEnd: [66, 30])),
        Case(
            testDescription: "heads of 128, one query", queries: 1, capacity: 70, heads: 2, headSize: 128,
            mask: AttentionMask(keys: [0..<69], prefixEnd: [0], queryOffset: 68)),
        Case(
            testDescription: "scores that fall with products", batch: 2, queries: 40, capacity: 44, heads: 4,
            keyHeads: 2, headSize: 64, scale: -0.3, mask: AttentionMask(keys: [2..<40, 0..<40], prefixEnd: [20, 0])),
        Case(
            testDescription: "scores that fall, no cap", queries: 40, capacity: 40, headSize: 256, softCap: nil,
            scale: -0.1, mask: AttentionMask(keys: [2..<40], prefixEnd: [20])),
        Case(
            testDescription: "scores that fall, one query", queries: 1, capacity: 70, heads: 4, keyHeads: 2,
            headSize: 128, scale: -0.3, mask: AttentionMask(keys: [3..<69], prefixEnd: [0], queryOffset: 68)),
        Case(
            testDescription: "scores that no product changes", queries: 20, capacity: 20, headSize: 80, scale: 0,
            mask: AttentionMask(keys: [2..<20], prefixEnd: [10])),
        Case(
            testDescription: "rows that see nothing", batch: 2, queries: 9, capacity: 9,
            mask: AttentionMask(keys: [4..<9, 0..<0], prefixEnd: [0, 0])),
    ]

    static let warpgroupCases =
        cases.filter { [72, 256].contains($0.headSize) } + [
            Case(
                testDescription: "several tiles of large heads", batch: 2, queries: 70, capacity: 140, heads: 4,
                keyHeads: 2, headSize: 256,
                mask: AttentionMask(keys: [5..<110, 0..<100], prefixEnd: [90, 0], queryOffset: 40, window: 80))
        ]

    @Test("forward and backward equal float64 loops by warpgroups", arguments: warpgroupCases)
    func warpgroups(shape: Case) throws {
        try equalLoops(subject: .emulatedWarpgroups, shape: shape)
    }

    @Test("forward and backward equal float64 loops", arguments: Subject.all, cases)
    func equalLoops(subject: Subject, shape: Case) throws {
        let backend = try subject.make()
        for type in RealType.allCases {
            let inputs = try AttentionInputs(shape, type, on: backend)
            let exact = ExactAttention(shape, inputs)
            let tolerance = type == .float32 ? 1e-5 : 1e-2
            try backend.attention(inputs.call)
            expectNear(try inputs.call.output.floats(), exact.output, tolerance: tolerance, "\(type) output")
            let sums = try #require(inputs.call.logSumExp).floats()
            expectNear(sums, exact.logSumExp, tolerance: tolerance, "\(type) log-sum-exp")

            let gradients = try [inputs.call.q, inputs.call.k, inputs.call.v].map {
                try room($0.shape, type.elementType, on: backend)
            }
            try backend.attentionBackward(
                AttentionBackwardCall(
                    outputGradient: inputs.gradient.tensor, forward: inputs.call, qGradient: gradients[0],
                    kGradient: gradients[1], vGradient: gradients[2]))
            for (name, (found, wanted)) in zip("qkv", zip(gradients, [exact.q, exact.k, exact.v])) {
                expectNear(try found.floats(), wanted, tolerance: 3 * tolerance, "\(type) gradient of \(name)")
            }
        }
    }
}

extension AttentionConformance {
    @Test("gradients of an example are the same alone as in a batch", arguments: Subject.all + [.emulatedWarpgroups])
    func gradientsAlone(subject: Subject) throws {
        let backend = try subject.make()
        let (batch, shape) = (5, [41, 8, 256])
        let masks = AttentionMask(keys: [0..<41, 0..<41, 0..<40, 5..<41, 0..<41], prefixEnd: [30, 41, 12, 20, 0])
        let keyShape = [41, 1, 256]
        let inputs = try [("q", shape), ("k", keyShape), ("v", keyShape), ("g", shape)].map { name, shape in
            try Sample(name, [batch] + shape, .bfloat16, on: backend).tensor
        }
        func gradients(_ examples: Range<Int>) throws -> [[Float]] {
            let parts = inputs.map { $0.part(examples) }
            let mask = AttentionMask(keys: Array(masks.keys[examples]), prefixEnd: Array(masks.prefixEnd[examples]))
            let call = AttentionCall(
                q: parts[0], k: parts[1], v: parts[2], mask: mask, scale: 1 / 16, softCap: 5,
                output: try room(parts[0].shape, .bfloat16, on: backend),
                logSumExp: try room([examples.count, 8, 41], on: backend))
            try backend.attention(call)
            let rooms = try parts[0..<3].map { try room($0.shape, .bfloat16, on: backend) }
            try backend.attentionBackward(
                AttentionBackwardCall(
                    outputGradient: parts[3], forward: call, qGradient: rooms[0], kGradient: rooms[1],
                    vGradient: rooms[2]))
            return try rooms.map { try $0.floats() }
        }
        let all = try gradients(0..<batch)
        for example in 0..<batch {
            for (alone, together) in zip(try gradients(example..<example + 1), all) {
                #expect(alone == Array(together[example * alone.count..<(example + 1) * alone.count]))
            }
        }
    }
}

/// The operands of one case on a backend. What the mask hides holds NaN.
struct AttentionInputs {
    let q, k, v, gradient: Sample
    let call: AttentionCall

    init(_ shape: AttentionConformance.Case, _ type: RealType, on backend: any Backend) throws {
        let queries = [shape.batch, shape.queries, shape.heads, shape.headSize]
        let keys = [shape.batch, shape.capacity, shape.keyHeads, shape.headSize]
        q = try Sample("q", queries, type, on: backend)
        gradient = try Sample("g", queries, type, on: backend)
        k = try Self.hidden(Sample("k", keys, type, on: backend), shape, type, on: backend)
        v = try Self.hidden(Sample("v", keys, type, on: backend), shape, type, on: backend)
        call = AttentionCall(
            q: q.tensor, k: k.tensor, v: v.tensor, mask: shape.mask, scale: shape.scale,
            softCap: shape.softCap,
            output: try room(queries, type.elementType, on: backend),
            logSumExp: try room([shape.batch, shape.heads, shape.queries], on: backend))
    }

    private static func hidden(
        _ sample: Sample, _ shape: AttentionConformance.Case, _ type: RealType, on backend: any Backend
    ) throws -> Sample {
        var values = sample.values.map(Float.init)
        let width = shape.keyHeads * shape.headSize
        for example in 0..<shape.batch {
            for column in 0..<shape.capacity where !shape.mask.keys[example].contains(column) {
                let start = (example * shape.capacity + column) * width
                for i in start..<start + width { values[i] = .nan }
            }
        }
        return try Sample(values, sample.shape, type, on: backend)
    }
}

/// Attention and its gradients in float64, one score at a time.
struct ExactAttention {
    var output: [Double]
    var logSumExp: [Double]
    var q, k, v: [Double]

    init(_ shape: AttentionConformance.Case, _ inputs: AttentionInputs) {
        output = Array(repeating: 0, count: inputs.q.values.count)
        q = output
        k = Array(repeating: 0, count: inputs.k.values.count)
        v = k
        logSumExp = Array(repeating: -.infinity, count: shape.batch * shape.heads * shape.queries)
        for example in 0..<shape.batch {
            for head in 0..<shape.heads {
                for query in 0..<shape.queries { row(shape, inputs, example, head, query) }
            }
        }
    }

    private static func sees(_ mask: AttentionMask, _ example: Int, _ query: Int, _ key: Int) -> Bool {
        let inPrefix = query < mask.prefixEnd[example] && key < mask.prefixEnd[example]
        let near = mask.window.map { query - key < $0 } ?? true
        return mask.keys[example].contains(key) && (key <= query || inPrefix)
            && (near || inPrefix && mask.windowSparesPrefix)
    }

    private mutating func row(
        _ shape: AttentionConformance.Case, _ inputs: AttentionInputs, _ example: Int, _ head: Int, _ query: Int
    ) {
        let size = shape.headSize
        let keyHead = head / (shape.heads / shape.keyHeads)
        let qStart = ((example * shape.queries + query) * shape.heads + head) * size
        let seen = (0..<shape.capacity).filter {
            Self.sees(shape.mask, example, shape.mask.queryOffset + query, $0)
        }
        guard !seen.isEmpty else { return }
        let starts = seen.map { ((example * shape.capacity + $0) * shape.keyHeads + keyHead) * size }
        func dot(_ a: [Double], _ aStart: Int, _ b: [Double], _ bStart: Int) -> Double {
            (0..<size).reduce(0) { $0 + a[aStart + $1] * b[bStart + $1] }
        }
        let scale = Double(inputs.call.scale)
        let cap = inputs.call.softCap.map(Double.init)
        let raw = starts.map { dot(inputs.q.values, qStart, inputs.k.values, $0) * scale }
        let scores = raw.map { score in cap.map { $0 * tanh(score / $0) } ?? score }
        let sum = log(scores.reduce(0) { $0 + exp($1) })
        logSumExp[(example * shape.heads + head) * shape.queries + query] = sum
        let weights = scores.map { exp($0 - sum) }
        for (weight, start) in zip(weights, starts) {
            for i in 0..<size { output[qStart + i] += weight * inputs.v.values[start + i] }
        }
        let ofWeights = starts.map { dot(inputs.gradient.values, qStart, inputs.v.values, $0) }
        let mean = zip(weights, ofWeights).reduce(0) { $0 + $1.0 * $1.1 }
        for (place, start) in starts.enumerated() {
            let slope = cap.map { 1 - pow(scores[place] / $0, 2) } ?? 1
            let ofScore = weights[place] * (ofWeights[place] - mean) * slope * scale
            for i in 0..<size {
                v[start + i] += weights[place] * inputs.gradient.values[qStart + i]
                q[qStart + i] += ofScore * inputs.k.values[start + i]
                k[start + i] += ofScore * inputs.q.values[qStart + i]
            }
        }
    }
}
