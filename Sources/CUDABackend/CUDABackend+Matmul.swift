import CCUDAKernels
import Tensors

/// Products of matrices: of few rows by a kernel that reads the weight once, with a narrow side by others, the rest by cuBLASLt.
///
/// Within each of the two kinds a row's bits do not depend on the number of rows; between them they may differ by rounding.
extension CUDABackend {
    /// The most rows of a product that are few.
    static let fewRows = Int(CCUDAKERNELS_FEW_ROWS)

    package func matmul(_ call: MatmulCall) throws(TensorError) {
        let (m, n) = (call.output.rows, call.output.columns)
        let k = call.transposeB ? call.b.columns : call.b.rows
        guard m > 0 && n > 0 else { return }
        try checkTypes(call)
        if k == 0 {
            if !call.accumulate { try fill(FillCall(output: call.output, value: 0)) }
            if let bias = call.bias { try addBias(bias, to: call.output) }
        } else if !call.transposeA && m <= Self.fewRows {
            try multiplyFewRows(call, m, n, k)
        } else if try !multiplyNarrow(call) {
            try multiplyManyRows(call, m, n, k)
        }
    }

    package func matmul(_ call: SharedMatmulCall) throws(TensorError) {
        let (m, k) = (call.a.rows, call.a.columns)
        guard m <= Self.fewRows, m * k > 0, call.weights.count <= Int(CCUDAKERNELS_FEW_PARTS),
            call.weights.allSatisfy({ $0.rows > 0 })
        else { return try multiplyManyRows(call) }
        let products = call.weights.indices.map { call.product($0) }
        for product in products { try checkTypes(product) }
        try multiplyFewRows(products, m, k)
    }

    package func matmul(_ call: GatedMatmulCall) throws(TensorError) {
        let (m, n, k) = (call.output.rows, call.output.columns, call.a.columns)
        guard m <= Self.fewRows, m * n * k > 0, call.a.elementType != .float32 else {
            return try multiplyGatedManyRows(call)
        }
        for operand in [call.gate, call.up, call.output] { try requireSameType(operand, as: call.a, "gated product") }
        var arguments = fewRowsArguments(call.a, m, k)
        for weight in [call.gate, call.up] {
            add(
                ccudakernels_few_rows_part(
                    b: source(weight), bias: 0, output: target(call.output), n: Int32(n), first_block: 0),
                to: &arguments)
        }
        try kernels.launch(
            "few_rows_gated" + suffix(call.a, "gated product"), grid: ((n + 7) / 8, 1, 1), block: 256,
            shared: Int(ccudakernels_few_rows_shared(Int32(m))), arguments)
    }

    /// Rooms for products of weights of one shape side by side, in the order of the weights: so one call can write them all.
    package func makeOutputs(of weights: [Tensor], for a: Tensor) throws(TensorError) -> [Tensor] {
        var outputs = weights.map { _ in a }
        for alike in Self.alike(weights) {
            let shape = a.shape.dropLast() + [weights[alike[0]].rows]
            let room = try Tensor(
                uninitialized: [alike.count] + shape, a.elementType, on: self, label: "linear output")
            let ordered = alike.sorted { source(weights[$0]) < source(weights[$1]) }
            for (slot, place) in ordered.enumerated() {
                outputs[place] = room.part(slot..<slot + 1).viewed(as: Array(shape))
            }
        }
        return outputs
    }

    /// The places of weights of each shape.
    private static func alike(_ weights: [Tensor]) -> [[Int]] {
        var groups: [[Int]] = []
        for (i, weight) in weights.enumerated() {
            if let place = groups.firstIndex(where: { weights[$0[0]].rows == weight.rows }) {
                groups[place].append(i)
            } else {
                groups.append([i])
            }
        }
        return groups
    }

    /// Products of many rows with weights of which those of one shape are multiplied at once.
    private func multiplyManyRows(_ call: SharedMatmulCall) throws(TensorError) {
        let (m, k) = (call.a.rows, call.a.columns)
        for alike in Self.alike(call.weights) {
            let n = call.weights[alike[0]].rows
            let calls = alike.map { call.product($0) }
            guard calls.count > 1, m > Self.fewRows, min(n, k) > Int(CCUDAKERNELS_NARROW),
                calls.allSatisfy({ $0.bias == nil || $0.bias?.elementType == $0.output.elementType })
            else {
                for call in calls { try matmul(call) }
                continue
            }
            for call in calls { try checkTypes(call) }
            _ = try suffix(call.a, "matmul")
            try products.multiply(each: calls.map { product($0, m, n, k) })
        }
    }

    /// Both products at once, each written to the place that the order of the weights asks for; then the gate.
    private func multiplyGatedManyRows(_ call: GatedMatmulCall) throws(TensorError) {
        let room = try Tensor(
            uninitialized: call.output.shape, call.output.elementType, on: self, label: "linear output")
        let isInOrder = (source(call.gate) < source(call.up)) == (source(call.output) < source(room))
        let (gate, up) = isInOrder ? (call.output, room) : (room, call.output)
        try matmul(SharedMatmulCall(a: call.a, weights: [call.gate, call.up], outputs: [gate, up]))
        try gatedGELU(GatedGELUCall(gate: gate, up: up, output: call.output))
    }

    /// The blocks of a product of few rows with a weight `[n, k]`.
    func fewRowsGrid(_ rows: Int, _ columns: Int) -> (Int, Int, Int) {
        ((columns + 15) / 16, (rows + Self.fewRows - 1) / Self.fewRows, 1)
    }
}

extension CUDABackend {
    /// Throws where the operands of a product are of types that no kernel takes together.
    func checkTypes(_ call: MatmulCall) throws(TensorError) {
        try requireSameType(call.b, as: call.a, "matmul")
        try requireSameType(call.bias, as: call.a, "matmul")
        if call.output.elementType != .float32 { try requireSameType(call.output, as: call.a, "matmul") }
    }

    private func multiplyFewRows(_ call: MatmulCall, _ m: Int, _ n: Int, _ k: Int) throws(TensorError) {
        guard !call.transposeB else { return try multiplyFewRows([call], m, k) }
        var arguments = fewRowsArguments(call.a, m, k)
        (arguments.alpha, arguments.accumulate) = (call.alpha, call.accumulate ? 1 : 0)
        add(part(of: call, n, firstBlock: 0), to: &arguments)
        let types = try suffix(call.a, "matmul") + suffix(call.output, "matmul")
        try kernels.launch("few_rows_plain" + types, grid: ((n + 63) / 64, m, 1), block: 256, arguments)
    }

    /// Products of the same few rows with weights `[n, k]`, in one launch; alike in everything but weight, bias and output.
    private func multiplyFewRows(_ calls: [MatmulCall], _ m: Int, _ k: Int) throws(TensorError) {
        guard let first = calls.first else { return }
        var arguments = fewRowsArguments(first.a, m, k)
        (arguments.alpha, arguments.accumulate) = (first.alpha, first.accumulate ? 1 : 0)
        var blocks = 0
        for call in calls {
            add(part(of: call, call.output.columns, firstBlock: blocks), to: &arguments)
            blocks += fewRowsGrid(m, call.output.columns).0
        }
        let shared = first.a.elementType == .float32 ? 0 : Int(ccudakernels_few_rows_shared(Int32(m)))
        try kernels.launch(
            "few_rows" + suffix(first.a, "matmul") + suffix(first.output, "matmul"), grid: (blocks, 1, 1), block: 256,
            shared: shared, startsEarly: calls.allSatisfy(\.reusesB), arguments)
    }

    private func fewRowsArguments(_ a: Tensor, _ m: Int, _ k: Int) -> ccudakernels_few_rows_arguments {
        var arguments = ccudakernels_few_rows_arguments()
        (arguments.a, arguments.m, arguments.k, arguments.alpha) = (source(a), Int32(m), Int32(k), 1)
        return arguments
    }

    private func part(of call: MatmulCall, _ n: Int, firstBlock: Int) -> ccudakernels_few_rows_part {
        ccudakernels_few_rows_part(
            b: source(call.b), bias: source(call.bias), output: target(call.output), n: Int32(n),
            first_block: Int32(firstBlock))
    }

    private func add(_ part: ccudakernels_few_rows_part, to arguments: inout ccudakernels_few_rows_arguments) {
        let place = Int(arguments.count)
        withUnsafeMutableBytes(of: &arguments.parts) { bytes in
            bytes.bindMemory(to: ccudakernels_few_rows_part.self)[place] = part
        }
        arguments.count += 1
    }

    private func multiplyManyRows(_ call: MatmulCall, _ m: Int, _ n: Int, _ k: Int) throws(TensorError) {
        _ = try suffix(call.a, "matmul")
        // cuBLASLt adds a bias of the output's type alone.
        let addsBias = call.bias?.elementType == call.output.elementType
        try products.multiply(product(call, m, n, k))
        if let bias = call.bias, !addsBias { try addBias(bias, to: call.output) }
    }

    /// What cuBLASLt is told of a call; a bias of another type than the output's is left out.
    private func product(_ call: MatmulCall, _ m: Int, _ n: Int, _ k: Int) -> ProductPlans.Product {
        ProductPlans.Product(
            m: m, n: n, k: k, transposeA: call.transposeA, transposeB: call.transposeB, type: call.a.elementType,
            outputType: call.output.elementType, a: source(call.a), b: source(call.b),
            bias: call.bias?.elementType == call.output.elementType ? source(call.bias) : 0,
            output: target(call.output), alpha: call.alpha, accumulate: call.accumulate)
    }

    private func addBias(_ bias: Tensor, to output: Tensor) throws(TensorError) {
        try add(AddCall(a: output, b: bias, scale: 1, output: output))
    }
}
