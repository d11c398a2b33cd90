import Tensors
import Testing

/// Products against float64 loops, and what makes training repeatable: bits that depend on nothing else.
@Suite struct MatmulConformance {
    /// Shapes whose edges fall beside every tile.
    static let shapes: [[Int]] = [
        [1, 1, 1], [1, 33, 7], [2, 16, 64], [3, 5, 1], [13, 47, 129], [12, 32, 16], [65, 100, 31], [7, 34, 1100],
        [25, 9, 300],
    ]

    @Test("products equal float64 loops", arguments: Subject.all + Subject.libraries, RealType.allCases)
    func product(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        if type == .bfloat16, subject.testDescription == "cpu with onednn", !Subject.hasAVX512 {
            try expectRefusal(on: backend)
            return
        }
        for shape in Self.shapes {
            for transposes in [(false, false), (false, true), (true, false), (true, true)] {
                try check(shape, transposes, type, on: backend)
            }
        }
    }

    /// oneDNN has no bfloat16 on this processor; the refusal says what to do.
    private func expectRefusal(on backend: any Backend) throws {
        let matrix = try Sample("a", [4, 4], .bfloat16, on: backend).tensor
        let output = try room([4, 4], on: backend)
        let error = #expect(throws: TensorError.self) {
            try backend.matmul(MatmulCall(a: matrix, b: matrix, output: output))
        }
        #expect(error?.description.contains("AVX-512 only; use --gemm auto") == true)
    }

    private func check(
        _ shape: [Int], _ transposes: (Bool, Bool), _ type: RealType, on backend: any Backend
    ) throws {
        let (m, n, k) = (shape[0], shape[1], shape[2])
        let a = try Sample("a\(shape)", transposes.0 ? [k, m] : [m, k], type, on: backend)
        let b = try Sample("b\(shape)", transposes.1 ? [n, k] : [k, n], type, on: backend)
        let bias = try Sample("bias", [n], type, on: backend)
        let old = try Sample("old", [m, n], type, on: backend)
        let products = Self.products(a, b, [m, n, k], transposes)
        let exact = products.indices.map { 0.5 * products[$0] + bias.values[$0 % n] + old.values[$0] }
        for reusesB in [false, true] {
            let output = try room([m, n], type.elementType, on: backend)
            try backend.convert(ConvertCall(input: old.tensor, output: output))
            var call = MatmulCall(a: a.tensor, b: b.tensor, output: output)
            (call.transposeA, call.transposeB) = transposes
            (call.alpha, call.bias, call.accumulate, call.reusesB) = (0.5, bias.tensor, true, reusesB)
            try backend.matmul(call)
            expectNear(
                try output.floats(), exact, tolerance: type.tolerance, scale: Double(k).squareRoot(),
                "\(shape) \(transposes) packed \(reusesB)")
        }
    }

    /// The products `[m, n]` of `a` and `b` over `k`, each stored the other way round where `transposes` says so, in float64.
    private static func products(
        _ a: Sample, _ b: Sample, _ shape: [Int], _ transposes: (Bool, Bool)
    ) -> [Double] {
        let (m, n, k) = (shape[0], shape[1], shape[2])
        var products = [Double](repeating: 0, count: m * n)
        for i in 0..<m {
            for j in 0..<n {
                var sum = 0.0
                for l in 0..<k {
                    sum +=
                        a.values[transposes.0 ? l * m + i : i * k + l] * b.values[transposes.1 ? j * k + l : l * n + j]
                }
                products[i * n + j] = sum
            }
        }
        return products
    }

    /// Rows, the narrow size, the other size: as adapters have them, and sizes beside every tile.
    static let narrow: [[Int]] = [
        [17, 8, 264], [40, 8, 1096], [33, 5, 64], [65, 16, 520], [50, 24, 128], [130, 32, 136],
    ]

    @Test("products with a narrow side equal float64 loops", arguments: Subject.all)
    func narrowSides(subject: Subject) throws {
        let backend = try subject.make()
        for shape in Self.narrow {
            let (rows, narrow, wide) = (shape[0], shape[1], shape[2])
            for outputType in [ElementType.bfloat16, .float32] {
                for transposeB in [false, true] {
                    try checkNarrow([rows, narrow, wide], (false, transposeB), outputType, on: backend)
                    try checkNarrow([rows, wide, narrow], (false, transposeB), outputType, on: backend)
                }
                try checkNarrow([wide, narrow, rows], (true, false), outputType, on: backend)
                try checkNarrow([narrow, wide, rows], (true, false), outputType, on: backend)
            }
        }
    }

    private func checkNarrow(
        _ shape: [Int], _ transposes: (Bool, Bool), _ outputType: ElementType, on backend: any Backend
    ) throws {
        let (m, n, k) = (shape[0], shape[1], shape[2])
        let a = try Sample("a\(shape)", transposes.0 ? [k, m] : [m, k], .bfloat16, on: backend)
        let b = try Sample("b\(shape)", transposes.1 ? [n, k] : [k, n], .bfloat16, on: backend)
        let old = try Sample("old", [m, n], .bfloat16, on: backend)
        let exact = Self.products(a, b, [m, n, k], transposes)
        for accumulate in [false, true] {
            let output = try room([m, n], outputType, on: backend)
            if accumulate { try backend.convert(ConvertCall(input: old.tensor, output: output)) }
            var call = MatmulCall(a: a.tensor, b: b.tensor, output: output)
            (call.transposeA, call.transposeB) = transposes
            (call.alpha, call.accumulate) = (0.5, accumulate)
            try backend.matmul(call)
            let expected = zip(exact, old.values).map { 0.5 * $0 + (accumulate ? $1 : 0) }
            expectNear(
                try output.floats(), expected, tolerance: outputType == .float32 ? 2e-5 : 5e-3,
                scale: Double(k).squareRoot(), "\(shape) \(transposes) to \(outputType.name), added \(accumulate)")
        }
    }

    @Test("a row of a product with a narrow side is the same whatever other rows there are", arguments: Subject.all)
    func narrowRows(subject: Subject) throws {
        let backend = try subject.make()
        for (n, k, count) in [(8, 1096, 75), (24, 264, 75), (264, 8, 75), (136, 24, 75), (8, 64, 4100)] {
            let b = try Sample("b", [n, k], .bfloat16, on: backend).tensor
            let a = try Sample("a", [count, k], .bfloat16, on: backend).tensor
            func rows(_ range: Range<Int>) throws -> [Float] {
                var call = MatmulCall(
                    a: a.part(range), b: b, output: try room([range.count, n], .bfloat16, on: backend))
                call.transposeB = true
                try backend.matmul(call)
                return try call.output.floats()
            }
            let all = try rows(0..<count)
            for range in [0..<17, 30..<75, 7..<40] {
                #expect(try rows(range) == Array(all[range.lowerBound * n..<range.upperBound * n]), "\(n), \(k)")
            }
        }
    }
}
