import CCUDAKernels
import Tensors

/// Updates of weights and sums of squares, of one tensor or of many by one launch.
extension CUDABackend {
    package func adamW(_ call: AdamWCall) throws(TensorError) {
        try adamW([call])
    }

    package func adamW(_ calls: [AdamWCall]) throws(TensorError) {
        var parts = 0
        var entries: [ccudakernels_adamw_entry] = []
        for call in calls {
            entries.append(ccudakernels_adamw_entry(update: try arguments(of: call), first_part: Int64(parts)))
            parts += Self.parts(of: call.parameter)
        }
        try launch("adamw_of_many", "AdamW", entries, parts: parts)
    }

    package func descend(_ calls: [GradientDescentCall]) throws(TensorError) {
        let name = "gradient descent"
        var parts = 0
        var entries: [ccudakernels_descent_entry] = []
        for call in calls {
            for operand in [call.parameter, call.gradient, call.rounded ?? call.parameter] {
                _ = try suffix(operand, name)
            }
            entries.append(
                ccudakernels_descent_entry(
                    parameter: target(call.parameter), gradient: source(call.gradient), rounded: target(call.rounded),
                    count: Int64(call.parameter.count), first_part: Int64(parts),
                    parameter_type: typeNumber(call.parameter.elementType),
                    gradient_type: typeNumber(call.gradient.elementType),
                    rounded_type: typeNumber(call.rounded?.elementType ?? .float32),
                    gradient_scale: call.gradientScale, rate: Float(call.learningRate), decay: Float(call.weightDecay)))
            parts += Self.parts(of: call.parameter)
        }
        try launch("descent_of_many", name, entries, parts: parts)
    }

    package func adamW(_ calls: [BlockwiseAdamWCall]) throws(TensorError) {
        var parts = 0
        var entries: [ccudakernels_blockwise_entry] = []
        for call in calls {
            entries.append(try entry(of: call, firstPart: parts))
            parts += Self.parts(of: call.update.parameter)
        }
        guard parts > 0 else { return }
        let table = try upload(entries, "AdamW in 8 bits")
        let maps = try dynamicMapTable()
        let arguments = ccudakernels_blockwise_arguments(
            entries: table.address, values: maps.address, codes: maps.address + DeviceAddress(Self.mapValueByteCount),
            count: Int64(entries.count))
        try kernels.launch("blockwise_adamw_of_many", grid: (parts, 1, 1), block: 256, arguments)
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
    func upload<Entry: BitwiseCopyable>(
        _ entries: [Entry], _ label: String
    ) throws(TensorError) -> CUDAStorage {
        let storage = try scratch(entries.count * MemoryLayout<Entry>.stride, label)
        let result = entries.withUnsafeBytes { bytes in
            Result { () throws(TensorError) in try write(bytes, to: storage, byteOffset: 0) }
        }
        try result.get()
        return storage
    }

    /// Runs a kernel whose blocks take parts of many tensors.
    private func launch<Entry: BitwiseCopyable>(
        _ kernel: String, _ label: String, _ entries: [Entry], parts: Int
    ) throws(TensorError) {
        guard parts > 0 else { return }
        let table = try upload(entries, label)
        let arguments = ccudakernels_many_arguments(
            entries: table.address, partials: 0, count: Int64(entries.count))
        try kernels.launch(kernel, grid: (parts, 1, 1), block: 256, arguments)
    }

    /// What kernels take for an update.
    private func arguments(of call: AdamWCall) throws(TensorError) -> ccudakernels_adamw_arguments {
        let factors = call.factors
        try requireSameType(call.secondMoment, as: call.firstMoment, "AdamW")
        for operand in [call.parameter, call.gradient, call.firstMoment, call.rounded ?? call.parameter] {
            _ = try suffix(operand, "AdamW")
        }
        return ccudakernels_adamw_arguments(
            parameter: target(call.parameter), gradient: source(call.gradient), first_moment: target(call.firstMoment),
            second_moment: target(call.secondMoment), rounded: target(call.rounded),
            count: Int64(call.parameter.count), parameter_type: typeNumber(call.parameter.elementType),
            gradient_type: typeNumber(call.gradient.elementType), moment_type: typeNumber(call.firstMoment.elementType),
            rounded_type: typeNumber(call.rounded?.elementType ?? .float32),
            decay_last: call.variant == .huggingFace ? 1 : 0, gradient_scale: call.gradientScale, beta1: factors.beta1,
            beta2: factors.beta2, one_minus_beta1: factors.oneMinusBeta1, one_minus_beta2: factors.oneMinusBeta2,
            step_size: factors.stepSize, second_correction: factors.secondCorrection, epsilon: factors.epsilon,
            decay: factors.decay)
    }

    private func entry(
        of call: BlockwiseAdamWCall, firstPart: Int
    ) throws(TensorError) -> ccudakernels_blockwise_entry {
        let (name, update, factors) = ("AdamW in 8 bits", call.update, call.update.factors)
        for operand in [update.parameter, update.gradient, update.rounded ?? update.parameter] {
            _ = try suffix(operand, name)
        }
        for codes in [update.firstMoment, update.secondMoment] { try require(codes, .uint8, name) }
        return ccudakernels_blockwise_entry(
            parameter: target(update.parameter), gradient: source(update.gradient), rounded: target(update.rounded),
            first_codes: target(update.firstMoment), second_codes: target(update.secondMoment),
            first_scales: try floatTarget(call.firstScales, name),
            second_scales: try floatTarget(call.secondScales, name), count: Int64(update.parameter.count),
            first_part: Int64(firstPart), parameter_type: typeNumber(update.parameter.elementType),
            gradient_type: typeNumber(update.gradient.elementType),
            rounded_type: typeNumber(update.rounded?.elementType ?? .float32), gradient_scale: update.gradientScale,
            beta1: factors.beta1, beta2: factors.beta2, one_minus_beta1: factors.oneMinusBeta1,
            one_minus_beta2: factors.oneMinusBeta2, step_size: factors.stepSize,
            second_correction: factors.secondCorrection, epsilon: factors.epsilon, decay: factors.decay)
    }

    /// The bytes of the values in the table of the maps.
    private static let mapValueByteCount = 2 * 256 * MemoryLayout<Float>.stride

    /// What the codes of moments stand for, signed and unsigned, and then the codes of all steps; copied at first use.
    private func dynamicMapTable() throws(TensorError) -> CUDAStorage {
        if let dynamicMaps { return dynamicMaps }
        let maps = [DynamicMap.signed, .unsigned]
        let bytes =
            maps.flatMap(\.values).withUnsafeBytes { Array($0) } + maps.flatMap(\.codesOfSteps)
        let table = try upload(bytes, "maps of 8-bit moments")
        dynamicMaps = table
        return table
    }
}
