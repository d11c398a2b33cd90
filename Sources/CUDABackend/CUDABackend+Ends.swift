import CCUDAKernels
import Glibc
import Tensors

/// Loss, choice and update.
extension CUDABackend {
    package func crossEntropy(_ call: CrossEntropyCall) throws(TensorError) {
        let (name, rows, columns) = ("cross-entropy", call.logits.rows, call.logits.columns)
        let arguments = ccudakernels_cross_entropy_arguments(
            logits: try floats(call.logits, name), targets: try indices(call.targets, below: columns, name),
            weights: try floats(call.weights, name), losses: try floatTarget(call.losses, name),
            gradient: target(call.logitsGradient), rows: Int64(rows), columns: Int64(columns),
            soft_cap: call.softCap ?? 0, smoothing: call.smoothing,
            spread_begin: Int32(call.spread?.columns.lowerBound ?? 0),
            spread_end: Int32(min(call.spread?.columns.upperBound ?? 0, columns)),
            spread_deviation: call.spread?.deviation ?? 0)
        let type = try suffix(call.logitsGradient ?? call.logits, name)
        // Long rows are few: their blocks are as large as can be, so that processors have enough to wait for.
        let block = columns < 16384 ? Int(ccudakernels_row_threads(Int64(columns))) : 1024
        try launch("cross_entropy" + type, rows: rows, columns: columns, block: block, arguments)
    }

    package func absoluteError(_ call: AbsoluteErrorCall) throws(TensorError) {
        let (name, rows) = ("absolute error", call.prediction.rows)
        if let gradient = call.gradient { try requireSameType(gradient, as: call.prediction, name) }
        guard rows > 0 else { return }
        let arguments = ccudakernels_absolute_error_arguments(
            prediction: source(call.prediction), target: try floats(call.target, name),
            losses: try floatTarget(call.losses, name), gradient: target(call.gradient), rows: Int64(rows),
            columns: Int64(call.prediction.columns), weight: call.weight)
        let kernel = try "absolute_error" + suffix(call.prediction, name)
        try kernels.launch(kernel, grid: ((rows + 255) / 256, 1, 1), block: 256, arguments)
    }

    package func argmaxRows(_ call: ArgmaxRowsCall) throws(TensorError) {
        try require(call.output, .int32, "argmax")
        let (rows, columns) = (call.input.rows, call.input.columns)
        let chunk = Int(CCUDAKERNELS_ARGMAX_CHUNK)
        // Few rows that are long would leave most processors idle.
        let most = rows <= Int(CCUDAKERNELS_ARGMAX_ROWS) ? Int(CCUDAKERNELS_ARGMAX_PARTS) : 1
        let partColumns = max(chunk, (columns + most * chunk - 1) / (most * chunk) * chunk)
        let parts = (columns + partColumns - 1) / partColumns
        let partials = parts > 1 ? try scratch(8 * rows * parts, "argmax") : nil
        let arguments = ccudakernels_argmax_arguments(
            input: try floats(call.input, "argmax"), output: target(call.output), partials: partials?.address ?? 0,
            rows: Int64(rows), columns: Int64(columns), part_columns: Int64(partColumns))
        try kernels.launch("argmax_rows", grid: (rows, parts, 1), block: 512, arguments)
        // Later kernels may use the choice as an index without asking the host.
        let storage = cudaStorage(call.output.storage)
        if call.output.byteCount == storage.byteCount { storage.indices = .below(columns) }
    }
}
