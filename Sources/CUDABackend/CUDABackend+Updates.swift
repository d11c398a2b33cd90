import CCUDAKernels
import Glibc
import Tensors

/// Updates of weights and sums of squares, of one tensor or of many by one launch.
extension CUDABackend {
    package func adamW(_ call: AdamWCall) throws(TensorError) {
        try launch("adamw", elements: call.parameter.count, try arguments(of: call))
    }

    package func adamW(_ calls: [AdamWCall]) throws(TensorError) {
        var parts = 0
        var entries: [ccudakernels_adamw_entry] = []
        for call in calls {
            entries.append(ccudakernels_adamw_entry(update: try arguments(of: call), first_part: Int64(parts)))
            parts += Self.parts(of: call.parameter)
        }
        let table = try upload(entries, "AdamW")
        let arguments = ccudakernels_many_arguments(
            entries: table.address, partials: 0, count: Int64(entries.count))
        try kernels.launch("adamw_of_many", grid: (parts, 1, 1), block: 256, arguments)
    }

    package func sumOfSquares(_ calls: [SumOfSquaresCall]) throws(TensorError) {
        let name = "sums of squares"
        var parts = 0
        var entries: [ccudakernels_squares_entry] = []
        for call in calls {
            _ = try suffix(call.input, name)
            let own = Self.parts(of: call.input)
            entries.append(
                ccudakernels_squares_entry(
                    input: source(call.input), output: try floatTarget(call.output, name),
                    count: Int64(call.input.count), first_part: Int64(parts), parts: Int64(own),
                    type: Int64(typeNumber(call.input.elementType))))
            parts += own
        }
        let table = try upload(entries, name)
        let partials = try scratch(8 * parts, name)
        let arguments = ccudakernels_many_arguments(
            entries: table.address, partials: partials.address, count: Int64(entries.count))
        try kernels.launch("squares_of_many", grid: (parts, 1, 1), block: 256, arguments)
        try kernels.launch("finish_squares_of_many", grid: (entries.count, 1, 1), block: 1024, arguments)
    }
}

extension CUDABackend {
    /// The blocks that take a tensor's elements.
    private static func parts(of tensor: Tensor) -> Int {
        let chunk = Int(CCUDAKERNELS_SQUARES_CHUNK)
        return (tensor.count + chunk - 1) / chunk
    }

    /// Copies a table to the device; it is free again once the work that was asked for before has been done.
    private func upload<Entry: BitwiseCopyable>(
        _ entries: [Entry], _ label: String
    ) throws(TensorError) -> CUDAStorage {
        let storage = try scratch(entries.count * MemoryLayout<Entry>.stride, label)
        let result = entries.withUnsafeBytes { bytes in
            Result { () throws(TensorError) in try write(bytes, to: storage, byteOffset: 0) }
        }
        try result.get()
        return storage
    }

    /// What kernels take for an update.
    private func arguments(of call: AdamWCall) throws(TensorError) -> ccudakernels_adamw_arguments {
        let firstCorrection = 1 - pow(call.beta1, Double(call.step))
        let secondRoot = (1 - pow(call.beta2, Double(call.step))).squareRoot()
        let correctsInStep = call.variant == .huggingFace
        let stepSize = call.learningRate * (correctsInStep ? secondRoot : 1) / firstCorrection
        try requireSameType(call.secondMoment, as: call.firstMoment, "AdamW")
        for operand in [call.parameter, call.gradient, call.firstMoment, call.rounded ?? call.parameter] {
            _ = try suffix(operand, "AdamW")
        }
        return ccudakernels_adamw_arguments(
            parameter: target(call.parameter), gradient: source(call.gradient), first_moment: target(call.firstMoment),
            second_moment: target(call.secondMoment), rounded: target(call.rounded),
            count: Int64(call.parameter.count), parameter_type: typeNumber(call.parameter.elementType),
            gradient_type: typeNumber(call.gradient.elementType), moment_type: typeNumber(call.firstMoment.elementType),
            rounded_type: typeNumber(call.rounded?.elementType ?? .float32), decay_last: correctsInStep ? 1 : 0,
            gradient_scale: call.gradientScale, beta1: Float(call.beta1), beta2: Float(call.beta2),
            one_minus_beta1: Float(1 - call.beta1), one_minus_beta2: Float(1 - call.beta2), step_size: Float(stepSize),
            second_correction: Float(correctsInStep ? 1 : secondRoot), epsilon: Float(call.epsilon),
            decay: Float(1 - call.learningRate * call.weightDecay))
    }
}
