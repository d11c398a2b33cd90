import CCUDAKernels
import Tensors

/// Products with a narrow side, as low-rank adapters have them: they are bound by memory and by launches, and have kernels of
/// their own, which take several at once.
extension CUDABackend {
    package var joinsProducts: Bool { true }

    package func matmul(_ calls: [MatmulCall]) throws(TensorError) {
        var rest = calls[...]
        while let first = rest.first {
            let kernel = try narrowKernel(for: first)
            var joined: [MatmulCall] = []
            if let kernel {
                while let next = rest.first, joined.count < Int(CCUDAKERNELS_NARROW_PARTS),
                    joined.isEmpty || Self.areAlike(next, first), try narrowKernel(for: next) == kernel
                {
                    joined.append(rest.removeFirst())
                }
                try launch(kernel, joined)
            } else {
                try matmul(rest.removeFirst())
            }
        }
    }

    package func matmul(_ call: SummedMatmulCall) throws(TensorError) {
        let products = call.a.indices.map { call.product($0) }
        let eights = products.reduce(0) { $0 + ($1.a.columns + 7) / 8 }
        for product in products {
            guard try narrowKernel(for: product) == .shallow else { return try multiplyApart(call) }
        }
        guard products.count <= Int(CCUDAKERNELS_NARROW_PARTS), eights <= Int(CCUDAKERNELS_SHALLOW_EIGHTS) else {
            return try multiplyApart(call)
        }
        try launch(.shallow, products, areAdded: true)
    }

    /// Multiplies, if the product has a narrow side and the rest is as the kernels want it.
    ///
    /// - Returns: whether it did.
    func multiplyNarrow(_ call: MatmulCall) throws(TensorError) -> Bool {
        guard let kernel = try narrowKernel(for: call) else { return false }
        try launch(kernel, [call])
        return true
    }
}

/// The kernels of products with a narrow side.
private enum NarrowKernel {
    /// A narrow result.
    case rows
    /// Short sums.
    case shallow
    /// The gradient of a narrow matrix: sums over rows.
    case gradient
}

extension CUDABackend {
    /// The kernel that computes a product; nil if it has no narrow side, or few rows, or is otherwise not as they want it.
    private func narrowKernel(for call: MatmulCall) throws(TensorError) -> NarrowKernel? {
        let (m, n) = (call.output.rows, call.output.columns)
        let k = call.transposeB ? call.b.columns : call.b.rows
        let addresses = [source(call.a), source(call.b), source(call.output)]
        guard call.a.elementType != .float32, call.bias == nil, addresses.allSatisfy({ $0 % 16 == 0 }),
            min(m, n, k) > 0,
            max(m, n, k) <= Int(Int32.max)
        else { return nil }
        try checkTypes(call)
        if call.transposeA {
            return !call.transposeB && (Self.isNarrow(m, beside: n) || Self.isNarrow(n, beside: m)) ? .gradient : nil
        }
        guard m > Self.fewRows else { return nil }
        if Self.isNarrow(n, beside: k) { return .rows }
        return Self.isNarrow(k, beside: n) && m <= 65535 * Int(CCUDAKERNELS_SHALLOW_ROWS) ? .shallow : nil
    }

    /// From so many columns on a gradient has enough blocks for a card: smaller ones then, of which several fit on a processor.
    private static let manyColumns = 4096

    /// Whether a size is that of an adapter beside one of a model.
    private static func isNarrow(_ size: Int, beside other: Int) -> Bool {
        size <= Int(CCUDAKERNELS_NARROW) && other >= 4 * size && other % 8 == 0 && other >= 64
    }

    /// Whether one launch can take both, if one kernel can.
    private static func areAlike(_ a: MatmulCall, _ b: MatmulCall) -> Bool {
        a.a.rows == b.a.rows && a.transposeB == b.transposeB && a.a.elementType == b.a.elementType
            && a.output.elementType == b.output.elementType
            && (!a.transposeA
                || (max(a.output.rows, a.output.columns) < manyColumns)
                    == (max(b.output.rows, b.output.columns) < manyColumns))
    }

    /// Computes products that are alike, three at most.
    private func launch(
        _ kernel: NarrowKernel, _ calls: [MatmulCall], areAdded: Bool = false
    ) throws(TensorError) {
        guard let first = calls.first else { return }
        let types = try suffix(first.a, "matmul") + suffix(first.output, "matmul")
        let m = first.output.rows
        let arguments = narrowArguments(calls, areAdded: areAdded)
        switch kernel {
        case .rows:
            let rows = Int(ccudakernels_narrow_rows(Int32(m)))
            let grid = (calls.count * ((m + rows - 1) / rows), 1, 1)
            let width = calls.reduce(0) { max($0, $1.output.columns) }
            try kernels.launch(
                (width <= 8 ? "narrow_rows" : "narrow_rows_wide") + types, grid: grid, block: 256, arguments)
        case .shallow:
            let rows = Int(CCUDAKERNELS_SHALLOW_ROWS)
            let columns = calls.reduce(0) { max($0, $1.output.columns) }
            let grid = ((columns + 255) / 256, (m + rows - 1) / rows, areAdded ? 1 : calls.count)
            let depths = calls.map { ($0.a.columns + 7) / 8 }
            let depth = areAdded ? depths.reduce(0, +) : depths.reduce(0, max)
            try kernels.launch(
                (depth <= 2 ? "shallow_rows" : "shallow_rows_deep") + types, grid: grid, block: 256, arguments)
        case .gradient:
            var arguments = ccudakernels_narrow_gradient_arguments()
            arguments.rows = Int32(first.a.rows)
            let parts = calls.map { gradientPart(of: $0) }
            put(parts, in: &arguments.parts)
            let (columns, width) = parts.reduce((0, 0)) { (max($0.0, Int($1.columns)), max($0.1, Int($1.width))) }
            let grid = ((columns + 63) / 64, calls.count, 1)
            try kernels.launch(
                (width <= 8 ? "narrow_gradient" : "narrow_gradient_wide") + types, grid: grid,
                block: columns < Self.manyColumns ? 512 : 256, arguments)
        }
    }

    private func narrowArguments(_ calls: [MatmulCall], areAdded: Bool) -> ccudakernels_narrow_arguments {
        var arguments = ccudakernels_narrow_arguments()
        (arguments.count, arguments.m) = (Int32(calls.count), Int32(calls[0].output.rows))
        (arguments.transpose_b, arguments.sums) = (calls[0].transposeB ? 1 : 0, areAdded ? 1 : 0)
        let parts = calls.map { call in
            ccudakernels_narrow_part(
                a: source(call.a), b: source(call.b), output: target(call.output), n: Int32(call.output.columns),
                k: Int32(call.a.columns), alpha: call.alpha, accumulate: call.accumulate ? 1 : 0)
        }
        put(parts, in: &arguments.parts)
        return arguments
    }

    /// `output (+)= a^T b` where either result's side is narrow.
    private func gradientPart(of call: MatmulCall) -> ccudakernels_narrow_gradient_part {
        let (m, n) = (call.output.rows, call.output.columns)
        let turned = Self.isNarrow(m, beside: n)
        let (wide, narrow) = turned ? (call.b, call.a) : (call.a, call.b)
        return ccudakernels_narrow_gradient_part(
            wide: source(wide), narrow: source(narrow), output: target(call.output), columns: Int32(max(m, n)),
            width: Int32(min(m, n)), turned: turned ? 1 : 0, alpha: call.alpha, accumulate: call.accumulate ? 1 : 0)
    }

    /// Fills an array of a C struct, which Swift sees as a tuple, from its first element on.
    func put<Part: BitwiseCopyable, Parts>(_ parts: [Part], in array: inout Parts) {
        withUnsafeMutableBytes(of: &array) { bytes in
            let room = bytes.bindMemory(to: Part.self)
            for (i, part) in parts.enumerated() { room[i] = part }
        }
    }
}
