import CKernels
import Tensors

/// Loss and choice.
extension CPUBackend {
    package func crossEntropy(_ call: CrossEntropyCall) throws(TensorError) {
        let name = "cross-entropy"
        let columns = call.logits.columns
        let arguments = ckernels_cross_entropy_call(
            logits: try floats(call.logits, name), targets: try indices(call.targets, below: columns, name),
            weights: try floats(call.weights, name), losses: try floatTarget(call.losses, name),
            gradient: try output(call.logitsGradient, name), columns: columns, soft_cap: call.softCap ?? 0,
            smoothing: call.smoothing, spread_begin: call.spread?.columns.lowerBound ?? 0,
            spread_end: min(call.spread?.columns.upperBound ?? 0, columns),
            spread_deviation: call.spread?.deviation ?? 0)
        run(CKERNELS_CROSS_ENTROPY, rows: call.logits.rows, of: columns, arguments)
    }

    package func argmaxRows(_ call: ArgmaxRowsCall) throws(TensorError) {
        try require(call.output, .int32, "argmax")
        let arguments = ckernels_argmax_call(
            input: try floats(call.input, "argmax"),
            output: target(call.output).assumingMemoryBound(to: Int32.self), columns: call.input.columns)
        run(CKERNELS_ARGMAX_ROWS, rows: call.input.rows, of: call.input.columns, arguments)
    }
}
