import CKernels
import Glibc
import Tensors

/// Loss, choice and update.
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

    package func adamW(_ call: AdamWCall) throws(TensorError) {
        let name = "AdamW"
        let firstCorrection = 1 - pow(call.beta1, Double(call.step))
        let secondRoot = (1 - pow(call.beta2, Double(call.step))).squareRoot()
        let correctsInStep = call.variant == .huggingFace
        let stepSize = call.learningRate * (correctsInStep ? secondRoot : 1) / firstCorrection
        let arguments = ckernels_adamw_call(
            parameter: try output(call.parameter, name), gradient: try input(call.gradient, name),
            first_moment: try output(call.firstMoment, name), second_moment: try output(call.secondMoment, name),
            rounded: try output(call.rounded, name), decay_last: correctsInStep, gradient_scale: call.gradientScale,
            beta1: Float(call.beta1), beta2: Float(call.beta2), one_minus_beta1: Float(1 - call.beta1),
            one_minus_beta2: Float(1 - call.beta2), step_size: Float(stepSize),
            second_correction: Float(correctsInStep ? 1 : secondRoot), epsilon: Float(call.epsilon),
            decay: Float(1 - call.learningRate * call.weightDecay))
        run(CKERNELS_ADAMW, elements: call.parameter.count, arguments)
    }
}
