import Tensors
import Testing

/// Products that are asked for together.
@Suite struct JoinedConformance {
    /// Rows, what adapters of one input have for a narrow size, the width of the input, those of the outputs.
    private struct Case {
        let rows: Int
        let ranks: [Int]
        let width: Int
        let outputs: [Int]
    }

    private static let cases = [
        Case(rows: 41, ranks: [8, 8, 8], width: 264, outputs: [520, 136, 136]),
        Case(rows: 33, ranks: [5, 16], width: 136, outputs: [264, 264]),
        Case(rows: 17, ranks: [4, 24, 8, 8], width: 1096, outputs: [128, 136, 72, 64]),
        Case(rows: 35, ranks: [8, 8], width: 72, outputs: [4160, 4160]),
        Case(rows: 9, ranks: [8], width: 264, outputs: [136]),
    ]

    @Test("products asked for together are those of each alone", arguments: Subject.all, RealType.allCases)
    func together(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for test in Self.cases {
            let x = try Sample("x", [test.rows, test.width], type, on: backend).tensor
            var (downs, ups, gradients): ([MatmulCall], [MatmulCall], [MatmulCall]) = ([], [], [])
            for (i, rank) in test.ranks.enumerated() {
                let a = try Sample("a\(i)", [rank, test.width], type, on: backend).tensor
                let b = try Sample("b\(i)", [test.outputs[i], rank], type, on: backend).tensor
                let narrow = try Sample("h\(i)", [test.rows, rank], type, on: backend).tensor
                let wide = try Sample("g\(i)", [test.rows, test.outputs[i]], type, on: backend).tensor
                var down = MatmulCall(a: x, b: a, output: narrow)
                down.transposeB = true
                var up = MatmulCall(a: narrow, b: b, output: wide)
                (up.transposeB, up.alpha, up.accumulate) = (true, 0.5 + Float(i), true)
                var ofB = MatmulCall(a: wide, b: narrow, output: try room([test.outputs[i], rank], on: backend))
                (ofB.transposeA, ofB.alpha) = (true, 2)
                var ofA = MatmulCall(a: narrow, b: x, output: try room([rank, test.width], on: backend))
                ofA.transposeA = true
                downs.append(down)
                ups.append(up)
                gradients += [ofB, ofA]
            }
            for calls in [downs, ups, gradients, gradients.filter(Self.isOfB), ups.map(Self.narrowing)] {
                try expectAlike(calls, on: backend)
            }
        }
    }

    private static func isOfB(_ call: MatmulCall) -> Bool { call.output.rows > call.output.columns }

    /// The product that takes the gradient of an output back to the narrow side: `b` as it is.
    private static func narrowing(_ up: MatmulCall) -> MatmulCall {
        MatmulCall(a: up.output, b: up.b, output: up.a)
    }

    private func expectAlike(_ calls: [MatmulCall], on backend: any Backend) throws {
        func fresh(_ call: MatmulCall) throws -> MatmulCall {
            var call = call
            let output = try room(call.output.shape, call.output.elementType, on: backend)
            if call.accumulate { try backend.convert(ConvertCall(input: call.output, output: output)) }
            call.output = output
            return call
        }
        let (joined, alone) = (try calls.map(fresh), try calls.map(fresh))
        try backend.matmul(joined)
        for call in alone { try backend.matmul(call) }
        for (i, pair) in zip(joined, alone).enumerated() {
            #expect(try pair.0.output.readBytes() == pair.1.output.readBytes(), "\(i): \(pair.0.output.shape)")
        }
    }

    @Test("a sum of products equals float64 loops", arguments: Subject.all, RealType.allCases)
    func sum(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for (rows, depths, columns) in [
            (41, [8, 8, 8], 264), (33, [5, 3], 136), (70, [16, 16, 16], 72), (18, [24, 32], 1096),
            (40, [8, 8, 8, 8], 64),
            (3, [8, 8], 72),
        ] {
            let a = try depths.enumerated().map { try Sample("a\($0)", [rows, $1], type, on: backend) }
            let b = try depths.enumerated().map { try Sample("b\($0)", [$1, columns], type, on: backend) }
            let old = try Sample("old", [rows, columns], type, on: backend)
            for accumulate in [false, true] {
                let output = try room([rows, columns], type.elementType, on: backend)
                if accumulate { try backend.convert(ConvertCall(input: old.tensor, output: output)) }
                var call = SummedMatmulCall(a: a.map(\.tensor), b: b.map(\.tensor), output: output)
                (call.alpha, call.accumulate) = (0.5, accumulate)
                try backend.matmul(call)
                var exact = accumulate ? old.values : [Double](repeating: 0, count: rows * columns)
                for (i, depth) in depths.enumerated() {
                    for place in exact.indices {
                        let (row, column) = (place / columns, place % columns)
                        exact[place] +=
                            0.5
                            * (0..<depth).reduce(0) {
                                $0 + a[i].values[row * depth + $1] * b[i].values[$1 * columns + column]
                            }
                    }
                }
                expectNear(
                    try output.floats(), exact, tolerance: type.tolerance * Double(depths.count),
                    scale: Double(depths.reduce(0, +)),
                    "\(rows) x \(depths) x \(columns), added \(accumulate)")
            }
        }
    }
}
