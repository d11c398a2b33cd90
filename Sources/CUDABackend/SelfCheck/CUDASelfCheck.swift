import Tensors

/// Whether a card computes what it should, and how fast: every kernel on random inputs against another backend's float32.
///
/// For machines that have a card and no compiler to run the tests with.
package enum CUDASelfCheck {
    /// What was found out about one kernel.
    package struct Finding: Sendable, Equatable {
        /// The kernel, as `gated GELU backward`.
        package var kernel: String
        /// The type of its real elements.
        package var elementType: ElementType
        /// How many shapes were tried.
        package var shapeCount: Int
        /// The largest `‖found - exact‖ / ‖exact‖` of all shapes and outputs, infinite for what is not a number.
        package var worstError: Double
        /// How large it may be for the rounding of the type.
        package var allowedError: Double
        /// Whether two runs gave the same bytes; for a check of rows, whether rows alone equal rows among others.
        package var isRepeatable: Bool
        /// The error that stopped the check, if one did.
        package var problem: String?

        /// Whether the kernel is right.
        package var isRight: Bool { problem == nil && isRepeatable && worstError <= allowedError }
    }

    /// Compares every kernel in every type that the card has, and then bits of rows alone and among others.
    ///
    /// - Parameters:
    ///   - reference: computes the same in float32 from the same rounded inputs.
    ///   - isWanted: which kernels are checked, by name.
    ///   - report: told each finding as it is made.
    /// - Returns: whether everything is right.
    @discardableResult
    package static func run(
        _ backend: CUDABackend, against reference: any Backend, where isWanted: (String) -> Bool = { _ in true },
        report: (Finding) -> Void
    ) -> Bool {
        var isRight = true
        let numbers = Numbers()
        let types: [ElementType] =
            backend.context.device.capability >= 80 ? [.float32, .bfloat16, .float16] : [.float32, .float16]
        for type in types {
            for check in checks where check.types.contains(type) && isWanted(check.kernel) {
                let finding = compare(check, type, backend, reference, numbers)
                isRight = isRight && finding.isRight
                report(finding)
            }
            for finding in rowFindings(backend, type, numbers, where: isWanted) {
                isRight = isRight && finding.isRight
                report(finding)
            }
        }
        return isRight
    }
}

extension CUDASelfCheck {
    /// One kernel with the shapes that it is tried on.
    struct Check {
        let kernel: String
        let shapes: [[Int]]
        var types: [ElementType] = [.float32, .bfloat16, .float16]
        /// Makes inputs, runs the kernel, and returns what it wrote.
        let run: (Bench, [Int]) throws(TensorError) -> [Tensor]
    }

    /// Random numbers that are drawn once: normal ones of some deviation, which repeat after a prime count.
    final class Numbers {
        private static let count = 65_521
        private var drawn: [Double: [Float]] = [:]

        /// `count` numbers, from a place that depends on `name`.
        func values(_ name: String, _ count: Int, deviation: Double) -> [Float] {
            let pool = pool(deviation)
            let start = Int(RandomKey(seed: 11, purpose: name).low) % Self.count
            var values = Array(pool[start..<min(start + count, Self.count)])
            values.reserveCapacity(count)
            while values.count < count { values += pool[..<min(count - values.count, Self.count)] }
            return values
        }

        private func pool(_ deviation: Double) -> [Float] {
            if let known = drawn[deviation] { return known }
            var stream = RandomStream(seed: 11, purpose: "pool")
            let made = (0..<Self.count).map { _ in Float(deviation * stream.normal()) }
            drawn[deviation] = made
            return made
        }
    }

    /// Where a check runs, and how its numbers are made.
    struct Bench {
        let backend: any Backend
        /// The type of the elements that kernels see.
        let type: ElementType
        /// The type that random inputs are rounded to; that of the other bench.
        let inputType: ElementType
        let numbers: Numbers

        /// Normal numbers, others for each `name`, rounded to the type of inputs.
        func input(_ name: String, _ shape: [Int], deviation: Double = 1) throws(TensorError) -> Tensor {
            let values = numbers.values(name, shape.product, deviation: deviation)
            return try Tensor(values, shape: shape, on: backend).converted(to: inputType).converted(to: type)
        }

        /// The same, in float32 on both benches.
        func floats(_ name: String, _ shape: [Int], deviation: Double = 1) throws(TensorError) -> Tensor {
            try input(name, shape, deviation: deviation).converted(to: .float32)
        }

        /// Whole numbers below a bound.
        func indices(_ name: String, _ count: Int, below bound: Int) throws(TensorError) -> Tensor {
            var stream = RandomStream(seed: 12, purpose: name)
            return try Tensor(
                (0..<count).map { _ in Int32(stream.integer(below: bound)) }, shape: [count], on: backend)
        }

        /// Room for a result, filled with NaN so that what is not written shows.
        func room(_ shape: [Int], _ type: ElementType? = nil) throws(TensorError) -> Tensor {
            try .filled(.nan, shape: shape, type ?? self.type, on: backend)
        }
    }

    /// How far a result may be off for its type: several roundings of inputs and of the result.
    static func allowedError(_ type: ElementType) -> Double {
        switch type {
        case .bfloat16: 1e-2
        case .float16: 1.5e-3
        default: 2e-5
        }
    }

    private static func compare(
        _ check: Check, _ type: ElementType, _ backend: CUDABackend, _ reference: any Backend, _ numbers: Numbers
    ) -> Finding {
        var finding = Finding(
            kernel: check.kernel, elementType: type, shapeCount: check.shapes.count, worstError: 0,
            allowedError: allowedError(type), isRepeatable: true)
        let bench = Bench(backend: backend, type: type, inputType: type, numbers: numbers)
        let exactBench = Bench(backend: reference, type: .float32, inputType: type, numbers: numbers)
        do throws(TensorError) {
            for shape in check.shapes {
                let found = try check.run(bench, shape)
                let again = try check.run(bench, shape)
                let exact = try check.run(exactBench, shape)
                for place in found.indices {
                    if try found[place].readBytes() != again[place].readBytes() { finding.isRepeatable = false }
                    let error = try distance(values(found[place]), values(exact[place]))
                    finding.worstError = max(finding.worstError, error)
                }
            }
        } catch {
            finding.problem = error.description
        }
        return finding
    }

    private static func values(_ tensor: Tensor) throws(TensorError) -> [Float] {
        switch tensor.elementType {
        case .int32: try tensor.read(as: Int32.self).map(Float.init)
        case .uint8: try tensor.read(as: UInt8.self).map(Float.init)
        default: try tensor.floats()
        }
    }

    /// `‖found - exact‖ / ‖exact‖`; equal infinities count as equal, anything else that is not finite as infinitely far.
    private static func distance(_ found: [Float], _ exact: [Float]) -> Double {
        var (difference, size) = (0.0, 0.0)
        guard found.count == exact.count else { return .infinity }
        for i in exact.indices {
            let (a, b) = (found[i], exact[i])
            if b.isFinite { size += Double(b) * Double(b) }
            if a == b { continue }
            guard a.isFinite && b.isFinite else { return .infinity }
            difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
        }
        if difference == 0 { return 0 }
        return size == 0 ? .infinity : (difference / size).squareRoot()
    }
}

/// Rows alone and among others: the same bits.
extension CUDASelfCheck {
    private static func rowFindings(
        _ backend: CUDABackend, _ type: ElementType, _ numbers: Numbers, where isWanted: (String) -> Bool
    ) -> [Finding] {
        let bench = Bench(backend: backend, type: type, inputType: type, numbers: numbers)
        var findings: [Finding] = []
        if isWanted("rows of products, few") {
            findings.append(
                finding("rows of products, few", type) { () throws(TensorError) in
                    try productRows(bench, rows: 16, parts: [0..<1, 5..<7, 3..<16])
                })
        }
        if isWanted("rows of products, many") {
            findings.append(
                finding("rows of products, many", type) { () throws(TensorError) in
                    try productRows(bench, rows: 1200, parts: [0..<17, 100..<356, 1..<1025])
                })
        }
        if isWanted("kernels that overlap") {
            findings.append(
                finding("kernels that overlap", type) { () throws(TensorError) in
                    try overlapFinding(backend, type, numbers)
                })
        }
        if isWanted("rows of attention") {
            findings.append(
                finding("rows of attention", type) { () throws(TensorError) in try attentionRows(bench) })
        }
        return findings
    }

    private static func finding(
        _ kernel: String, _ type: ElementType, _ isSame: () throws(TensorError) -> Bool
    ) -> Finding {
        var finding = Finding(
            kernel: kernel, elementType: type, shapeCount: 1, worstError: 0, allowedError: 0, isRepeatable: true)
        do throws(TensorError) {
            finding.isRepeatable = try isSame()
        } catch {
            finding.problem = error.description
        }
        return finding
    }

    private static func productRows(
        _ bench: Bench, rows: Int, parts: [Range<Int>]
    ) throws(TensorError) -> Bool {
        let (n, k) = (256, 1152)
        let a = try bench.input("a", [rows, k])
        let b = try bench.input("b", [n, k])
        func product(_ a: Tensor) throws(TensorError) -> [UInt8] {
            var call = MatmulCall(a: a, b: b, output: try bench.room([a.rows, n]))
            call.transposeB = true
            try bench.backend.matmul(call)
            return try call.output.readBytes()
        }
        let whole = try product(a)
        let size = whole.count / rows
        for part in parts {
            if try product(a.part(part)) != Array(whole[part.lowerBound * size..<part.upperBound * size]) {
                return false
            }
        }
        return true
    }

    private static func attentionRows(_ bench: Bench) throws(TensorError) -> Bool {
        let (length, heads, size) = (200, 4, 256)
        let q = try bench.input("q", [1, length, heads, size])
        let k = try bench.input("k", [1, length, 2, size])
        let v = try bench.input("v", [1, length, 2, size])
        func attend(_ q: Tensor, _ mask: AttentionMask) throws(TensorError) -> [UInt8] {
            let output = try bench.room(q.shape)
            try bench.backend.attention(
                AttentionCall(q: q, k: k, v: v, mask: mask, scale: 1 / 16, softCap: 50, output: output))
            return try output.readBytes()
        }
        let whole = try attend(q, AttentionMask(keys: [0..<length], prefixEnd: [120]))
        let rowSize = whole.count / length
        // Few rows at once are computed as many are, but where warpgroups compute many.
        let usesWarpgroups = (bench.backend as? CUDABackend)?.kernels.hasWarpgroups ?? false
        let counts = usesWarpgroups && bench.type != .float32 ? [9, 31] : [1, 9, 31]
        for place in [120, 150, 169] {
            for count in counts {
                let places = place..<place + count
                let queries = q.viewed(as: [length, heads, size]).part(places).viewed(as: [1, count, heads, size])
                let mask = AttentionMask(keys: [0..<places.upperBound], prefixEnd: [120], queryOffset: place)
                if try attend(queries, mask) != Array(whole[place * rowSize..<places.upperBound * rowSize]) {
                    return false
                }
            }
        }
        return true
    }
}
