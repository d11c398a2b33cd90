import CUDABackend
import CUDATestSupport
import Tensors
import Testing

/// The middle of a feed-forward layer with adapters.
@Suite struct AdaptedGELUConformance {
    /// Rows; columns; the ranks of gate, up and down. Kernels take those up to the last three.
    private static let cases = [
        (1, 264, [8, 8, 8]), (17, 72, [2, 4, 6]), (45, 520, [16, 10, 8]), (83, 264, [12, 16, 16]),
        (190, 520, [8, 8, 8]),
        (20, 64, [24, 8, 8]), (20, 64, [8, 5, 8]), (18, 36, [8, 8, 8]),
    ]

    /// Every device, and a card on which a block has more rows than it keeps sums of.
    private static let subjects =
        Subject.all + [
            Subject(testDescription: "cuda emulated, four processors") {
                try CUDABackend(EmulatedCUDA.options(replaced: ["cuDeviceGetAttribute": "fewProcessors"]))
            }
        ]

    private struct Operands {
        let gate: AdaptedMatrix
        let up: AdaptedMatrix
        let a: Tensor
        let gradient: Tensor
        let narrowedGradient: Tensor
        let sums: [Tensor]
    }

    private func operands(
        _ rows: Int, _ columns: Int, _ ranks: [Int], _ type: RealType, on backend: any Backend
    ) throws -> Operands {
        func sample(_ name: String, _ shape: [Int], _ deviation: Double = 1) throws -> Tensor {
            try Sample(name, shape, type, deviation: deviation, on: backend).tensor
        }
        func matrix(_ name: String, _ rank: Int, _ scaling: Float) throws -> AdaptedMatrix {
            AdaptedMatrix(
                matrix: try sample(name, [rows, columns]), reduced: try sample("\(name) h", [rows, rank]),
                b: try sample("\(name) b", [columns, rank], 0.3), scaling: scaling)
        }
        return Operands(
            gate: try matrix("gate", ranks[0], 0.5), up: try matrix("up", ranks[1], 1.5),
            a: try sample("a", [ranks[2], columns], 0.3), gradient: try sample("g", [rows, columns]),
            narrowedGradient: try sample("down", [rows, ranks[2]]),
            sums: try [[columns, ranks[0]], [columns, ranks[1]], [ranks[2], columns]].enumerated().map {
                try Sample("old \($0)", $1, on: backend).tensor
            })
    }

    @Test("forward: the sums, the gate and the product", arguments: subjects, RealType.allCases)
    func forward(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for (rows, columns, ranks) in Self.cases {
            let from = try operands(rows, columns, ranks, type, on: backend)
            let calls = try (0..<2).map { _ in
                AdaptedGatedGELUCall(
                    gate: from.gate, up: from.up, a: from.a,
                    output: try room([rows, columns], type.elementType, on: backend),
                    narrowed: try room([rows, ranks[2]], type.elementType, on: backend))
            }
            try backend.gatedGELU(calls[0])
            try backend.computeApart(calls[1])
            let what = "\(rows) x \(columns), \(ranks)"
            #expect(try calls[0].output.readBytes() == calls[1].output.readBytes(), "\(what)")
            let exact = product(
                try calls[0].output.floats(), try from.a.floats(), rows, ranks[2], columns,
                strides: (columns, 1, columns, 1))
            expectNear(try calls[0].narrowed.floats(), exact, tolerance: type.tolerance, scale: 20, "narrowed: \(what)")
        }
    }

    @Test("backward: bits of the gradients, and float64 sums of them", arguments: subjects, RealType.allCases)
    func backward(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for (rows, columns, ranks) in Self.cases {
            let from = try operands(rows, columns, ranks, type, on: backend)
            func call(accumulate: Bool) throws -> AdaptedGatedGELUBackwardCall {
                func new(_ columns: Int) throws -> Tensor {
                    try room([rows, columns], type.elementType, on: backend)
                }
                var call = AdaptedGatedGELUBackwardCall(
                    gate: from.gate, up: from.up, a: from.a, outputGradient: from.gradient,
                    narrowedGradient: from.narrowedGradient, gateGradient: try new(columns),
                    upGradient: try new(columns),
                    gateReducedGradient: try new(ranks[0]), upReducedGradient: try new(ranks[1]))
                let targets = try from.sums.map { old in
                    let sum = try room(old.shape, on: backend)
                    if accumulate { try backend.convert(ConvertCall(input: old, output: sum)) }
                    return GradientTarget(tensor: sum, accumulate: accumulate)
                }
                (call.ofGateB, call.ofUpB, call.ofA) = (targets[0], targets[1], targets[2])
                return call
            }
            for accumulate in [false, true] {
                let (joined, apart) = (try call(accumulate: accumulate), try call(accumulate: accumulate))
                try backend.gatedGELUBackward(joined)
                try backend.computeApart(apart)
                let what = "\(rows) x \(columns), \(ranks), added \(accumulate)"
                #expect(try joined.gateGradient.readBytes() == apart.gateGradient.readBytes(), "gate: \(what)")
                #expect(try joined.upGradient.readBytes() == apart.upGradient.readBytes(), "up: \(what)")
                let output = try room([rows, columns], type.elementType, on: backend)
                try backend.computeApart(
                    AdaptedGatedGELUCall(
                        gate: from.gate, up: from.up, a: from.a, output: output,
                        narrowed: try room([rows, ranks[2]], type.elementType, on: backend)))
                let old = try from.sums.map { try $0.floats() }
                for (i, (sum, gradient, found, ofB)) in [
                    (from.gate, joined.gateGradient, joined.gateReducedGradient, joined.ofGateB),
                    (from.up, joined.upGradient, joined.upReducedGradient, joined.ofUpB),
                ].enumerated() {
                    let (g, rank, scaling) = (try gradient.floats(), ranks[i], Double(sum.scaling))
                    let ofReduced = product(
                        g, try sum.b.floats(), rows, rank, columns, strides: (columns, 1, 1, rank))
                    expectNear(
                        try found.floats(), ofReduced.map { scaling * $0 }, tolerance: type.tolerance, scale: 20,
                        "reduced \(i): \(what)")
                    let exact = product(
                        g, try sum.reduced.floats(), columns, rank, rows, strides: (1, columns, 1, rank))
                    expectNear(
                        try #require(ofB).tensor.floats(),
                        zip(exact, old[i]).map { scaling * $0 + (accumulate ? Double($1) : 0) }, tolerance: 2e-5,
                        scale: 10, "b \(i): \(what)")
                }
                let exact = product(
                    try from.narrowedGradient.floats(), try output.floats(), ranks[2], columns, rows,
                    strides: (1, ranks[2], 1, columns))
                expectNear(
                    try #require(joined.ofA).tensor.floats(),
                    zip(exact, old[2]).map { $0 + (accumulate ? Double($1) : 0) }, tolerance: 2e-5, scale: 10,
                    "a: \(what)")
            }
        }
    }

    /// `[m, n]` sums over `k` of left and right, whose strides are those of m and k, and of n and k.
    private func product(
        _ left: [Float], _ right: [Float], _ m: Int, _ n: Int, _ k: Int, strides: (Int, Int, Int, Int)
    ) -> [Double] {
        left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { right in
                (0..<m * n).map { place in
                    let (from, to) = (place / n * strides.0, place % n * strides.2)
                    var (sum, depth) = (0.0, 0)
                    while depth < k {
                        sum += Double(left[from + depth * strides.1]) * Double(right[to + depth * strides.3])
                        depth += 1
                    }
                    return sum
                }
            }
        }
    }
}
