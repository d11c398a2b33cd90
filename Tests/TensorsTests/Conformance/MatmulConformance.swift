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
        var exact = [Double](repeating: 0, count: m * n)
        for i in 0..<m {
            for j in 0..<n {
                var sum = 0.0
                for l in 0..<k {
                    sum +=
                        a.values[transposes.0 ? l * m + i : i * k + l] * b.values[transposes.1 ? j * k + l : l * n + j]
                }
                exact[i * n + j] = 0.5 * sum + bias.values[j] + old.values[i * n + j]
            }
        }
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
}
