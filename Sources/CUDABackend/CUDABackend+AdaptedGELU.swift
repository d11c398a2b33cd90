import CCUDAKernels
import Tensors

/// Feed-forward layers with adapters: what lies between their matrices, each way in one kernel that reads a matrix once, and a
/// small one that adds up what its blocks found.
extension CUDABackend {
    package func gatedGELU(_ call: AdaptedGatedGELUCall) throws(TensorError) {
        let matrices = [call.gate.matrix, call.up.matrix, call.a, call.output]
        guard let width = sumWidth(call.gate, call.up, call.a, matrices) else { return try computeApart(call) }
        let name = "adapted GELU"
        try checkTypes(call.gate, call.up, others: [call.a, call.output, call.narrowed], name)
        let (m, n, q) = (call.output.rows, call.output.columns, call.a.rows)
        let (blocks, rows) = blocks(m, n, perProcessor: width > 8 ? 2 : 3)
        let partials = try scratch(4 * blocks.0 * m * width, name)
        let arguments = ccudakernels_adapted_gelu_arguments(
            gate: arguments(of: call.gate), up: arguments(of: call.up), a: source(call.a), output: target(call.output),
            partials: partials.address, m: Int32(m), n: Int32(n), width: Int32(q), rows: Int32(rows))
        let type = try suffix(call.output, name)
        try kernels.launch("adapted_gelu" + ending(width) + type, grid: blocks, block: 256, arguments)
        let narrowed = part(partials.address, to: call.narrowed, rows: m, columns: q, of: blocks.0)
        try join([narrowed], width, type)
    }

    package func gatedGELUBackward(_ call: AdaptedGatedGELUBackwardCall) throws(TensorError) {
        let matrices = [
            call.gate.matrix, call.up.matrix, call.a, call.outputGradient, call.gateGradient, call.upGradient,
        ]
        guard let width = sumWidth(call.gate, call.up, call.a, matrices) else { return try computeApart(call) }
        let shared = Int(ccudakernels_adapted_gelu_shared(Int32(width)))
        guard shared <= context.device.sharedMemoryByteCount else { return try computeApart(call) }
        let name = "adapted GELU backward"
        try checkTypes(
            call.gate, call.up,
            others: [
                call.a, call.outputGradient, call.narrowedGradient, call.gateGradient, call.upGradient,
                call.gateReducedGradient, call.upReducedGradient,
            ], name)
        let (m, n, q) = (call.gateGradient.rows, call.gateGradient.columns, call.a.rows)
        let (blocks, rows) = blocks(m, n, perProcessor: width > 8 ? 1 : 2)
        let (rowBytes, columnBytes) = (4 * blocks.0 * m * width, 4 * blocks.1 * n * width)
        let ofRows = try scratch(2 * rowBytes, name)
        let ofColumns = try scratch(3 * columnBytes, name)
        let arguments = ccudakernels_adapted_gelu_backward_arguments(
            gate: arguments(of: call.gate), up: arguments(of: call.up), a: source(call.a),
            output_gradient: source(call.outputGradient), narrowed_gradient: source(call.narrowedGradient),
            gate_gradient: target(call.gateGradient), up_gradient: target(call.upGradient),
            row_partials: ofRows.address, column_partials: ofColumns.address, m: Int32(m), n: Int32(n),
            width: Int32(q), rows: Int32(rows))
        let type = try suffix(call.gateGradient, name)
        try kernels.launch(
            "adapted_gelu_backward" + ending(width) + type, grid: blocks, block: 256, shared: shared, arguments)
        var parts: [ccudakernels_join_part] = []
        for (i, (sum, target)) in [(call.gate, call.gateReducedGradient), (call.up, call.upReducedGradient)]
            .enumerated()
        {
            var part = part(
                ofRows.address + DeviceAddress(i * rowBytes), to: target, rows: m, columns: target.columns, of: blocks.0
            )
            part.alpha = sum.scaling
            parts.append(part)
        }
        let parameters = [(call.ofGateB, call.gate.scaling), (call.ofUpB, call.up.scaling), (call.ofA, 1)]
        for (i, (target, scale)) in parameters.enumerated() {
            guard let target else { continue }
            try require(target.tensor, .float32, name)
            let isTurned = i == 2
            var part = part(
                ofColumns.address + DeviceAddress(i * columnBytes), to: target.tensor, rows: n,
                columns: isTurned ? q : target.tensor.columns, of: blocks.1)
            (part.turned, part.alpha) = (isTurned ? 1 : 0, scale)
            (part.accumulate, part.is_single) = (target.accumulate ? 1 : 0, 1)
            parts.append(part)
        }
        try join(parts, width, type)
    }
}

extension CUDABackend {
    /// How many sums the kernels keep for a row, 8 or 16; nil if they do not take such operands.
    private func sumWidth(_ gate: AdaptedMatrix, _ up: AdaptedMatrix, _ a: Tensor, _ matrices: [Tensor]) -> Int? {
        let ranks = [gate.reduced.columns, up.reduced.columns, a.rows]
        let (m, n) = (gate.matrix.rows, gate.matrix.columns)
        guard gate.matrix.elementType != .float32, let most = ranks.max(), most <= 16,
            ranks.allSatisfy({ $0 > 0 && $0 % 2 == 0 }), m > 0, n > 0, n % 8 == 0, max(m, n) <= Int(Int32.max) / 16,
            matrices.allSatisfy({ source($0) % 16 == 0 })
        else { return nil }
        return most > 8 ? 16 : 8
    }

    private func ending(_ width: Int) -> String { width > 8 ? "_wide" : "" }

    private func checkTypes(
        _ gate: AdaptedMatrix, _ up: AdaptedMatrix, others: [Tensor], _ name: String
    ) throws(TensorError) {
        for tensor in [gate.reduced, gate.b, up.matrix, up.reduced, up.b] + others {
            try requireSameType(tensor, as: gate.matrix, name)
        }
    }

    /// The grid of a kernel whose blocks take 256 columns, and the rows of each: as many blocks as run at once.
    private func blocks(_ m: Int, _ n: Int, perProcessor: Int) -> (grid: (Int, Int, Int), rows: Int) {
        let across = (n + 255) / 256
        let down = max(1, context.device.multiprocessors * perProcessor / across)
        let rows = ((m + down - 1) / down + 15) / 16 * 16
        return ((across, (m + rows - 1) / rows, 1), rows)
    }

    private func arguments(of sum: AdaptedMatrix) -> ccudakernels_adapted_matrix {
        ccudakernels_adapted_matrix(
            matrix: source(sum.matrix), reduced: source(sum.reduced), b: source(sum.b),
            rank: Int32(sum.reduced.columns),
            scaling: sum.scaling)
    }

    private func part(
        _ partials: DeviceAddress, to output: Tensor, rows: Int, columns: Int, of count: Int
    ) -> ccudakernels_join_part {
        ccudakernels_join_part(
            partials: partials, output: target(output), rows: Int32(rows), columns: Int32(columns),
            count: Int32(count), turned: 0, alpha: 1, accumulate: 0, is_single: 0)
    }

    private func join(_ parts: [ccudakernels_join_part], _ width: Int, _ type: String) throws(TensorError) {
        var arguments = ccudakernels_join_arguments()
        arguments.width = Int32(width)
        put(parts, in: &arguments.parts)
        let rows = parts.reduce(0) { max($0, Int($1.rows)) }
        try kernels.launch(
            "join_partials" + type, grid: ((rows * width + 255) / 256, parts.count, 1), block: 256, arguments)
    }
}
