import CCUDAKernels
import Tensors

/// Norms.
extension CUDABackend {
    package func rmsNorm(_ call: RMSNormCall) throws(TensorError) {
        let name = "RMS norm"
        try requireSameType(call.residual, as: call.output, name)
        let types = try suffix(from: call.input, to: call.output, weight: call.weight, name)
        try launch(
            "rms_norm" + types, rows: call.input.rows, columns: call.input.columns, arguments(of: call, name))
    }

    package func rmsNorm(_ call: RMSNormPairCall) throws(TensorError) {
        let (name, first, next) = ("RMS norm", call.first, call.next)
        try requireSameType(first.residual, as: first.output, name)
        for operand in [next.weight, next.residual, next.output] {
            try requireSameType(operand, as: first.input, name)
        }
        let types = try suffix(from: first.input, to: first.output, weight: first.weight, name)
        let arguments = ccudakernels_norm_pair_arguments(
            first: try arguments(of: first, name), next: try arguments(of: next, name))
        try launch("rms_norm_pair" + types, rows: first.input.rows, columns: first.input.columns, arguments)
    }

    /// The end of the name of a norm's kernel: a type, or those of what comes and what goes where one is the stream's.
    private func suffix(
        from: Tensor, to: Tensor, weight: Tensor, _ name: String
    ) throws(TensorError) -> String {
        guard from.elementType != to.elementType else {
            try requireSameType(weight, as: from, name)
            return try suffix(from, name)
        }
        try require(weight, .float16, name)
        for tensor in [from, to] where tensor.elementType != .float32 { try require(tensor, .float16, name) }
        return try suffix(from, name) + suffix(to, name)
    }

    private func arguments(of call: RMSNormCall, _ name: String) throws(TensorError) -> ccudakernels_norm_arguments {
        ccudakernels_norm_arguments(
            input: source(call.input), weight: source(call.weight), bias: 0, residual: source(call.residual),
            output: target(call.output), mean: 0, inverse: try floatTarget(call.inverseRMS, name),
            rows: Int64(call.input.rows), columns: Int64(call.input.columns), epsilon: call.epsilon)
    }

    package func layerNorm(_ call: LayerNormCall) throws(TensorError) {
        let name = "layer norm"
        for operand in [call.weight, call.bias, call.output] { try requireSameType(operand, as: call.input, name) }
        let arguments = ccudakernels_norm_arguments(
            input: source(call.input), weight: source(call.weight), bias: source(call.bias), residual: 0,
            output: target(call.output), mean: try floatTarget(call.mean, name),
            inverse: try floatTarget(call.inverseDeviation, name), rows: Int64(call.input.rows),
            columns: Int64(call.input.columns), epsilon: call.epsilon)
        try launch(
            "layer_norm" + suffix(call.input, name), rows: call.input.rows, columns: call.input.columns, arguments)
    }

    package func rmsNormBackward(_ call: RMSNormBackwardCall) throws(TensorError) {
        let gradients = NormGradients(
            name: "RMS norm backward", outputGradient: call.outputGradient, input: call.input, weight: call.weight,
            mean: nil, inverse: call.inverseRMS, inputGradient: call.inputGradient,
            addend: call.addend, weightGradient: call.weightGradient, biasGradient: nil,
            accumulatesParameters: call.accumulateWeight)
        try run(gradients)
    }

    package func layerNormBackward(_ call: LayerNormBackwardCall) throws(TensorError) {
        let gradients = NormGradients(
            name: "layer norm backward", outputGradient: call.outputGradient, input: call.input, weight: call.weight,
            mean: call.mean, inverse: call.inverseDeviation, inputGradient: call.inputGradient,
            addend: call.addend, weightGradient: call.weightGradient,
            biasGradient: call.biasGradient, accumulatesParameters: call.accumulateParameters)
        try run(gradients)
    }
}

/// What both norms' backwards have in common.
private struct NormGradients {
    let name: String
    let outputGradient, input, weight: Tensor
    let mean: Tensor?
    let inverse: Tensor
    let inputGradient: Tensor?
    let addend: Tensor?
    let weightGradient, biasGradient: Tensor?
    let accumulatesParameters: Bool
}

extension CUDABackend {
    private func run(_ call: NormGradients) throws(TensorError) {
        for operand in [call.inputGradient, call.addend] { try requireSameType(operand, as: call.input, call.name) }
        let types = try suffix(from: call.outputGradient, to: call.input, weight: call.weight, call.name)
        // The parameters' gradients first: the input's may be written over the output's.
        if call.weightGradient != nil || call.biasGradient != nil { try addParameters(call, types) }
        guard let inputGradient = call.inputGradient else { return }
        let arguments = ccudakernels_norm_input_arguments(
            output_gradient: source(call.outputGradient), input: source(call.input), weight: source(call.weight),
            input_gradient: target(inputGradient), addend: source(call.addend), mean: source(call.mean),
            inverse: source(call.inverse), rows: Int64(call.input.rows), columns: Int64(call.input.columns))
        let (kernel, rows) = ("norm_input" + types, call.input.rows)
        guard call.input.columns <= Int(CCUDAKERNELS_WARP_COLUMNS) else {
            return try launch(kernel, rows: rows, columns: call.input.columns, arguments)
        }
        let rowsOfBlock = Int(CCUDAKERNELS_WARP_ROWS)
        try kernels.launch(
            kernel, grid: ((rows + rowsOfBlock - 1) / rowsOfBlock, 1, 1), block: 32 * rowsOfBlock, arguments)
    }

    private func addParameters(_ call: NormGradients, _ types: String) throws(TensorError) {
        let (rows, columns) = (call.input.rows, call.input.columns)
        let parts = parts(rows: rows)
        let size = 4 * parts.count * columns
        let partials = try scratch(2 * size, call.name)
        let weightPartials = call.weightGradient == nil ? 0 : partials.address
        let biasPartials = call.biasGradient == nil ? 0 : partials.address + DeviceAddress(size)
        let arguments = ccudakernels_norm_parameters_arguments(
            output_gradient: source(call.outputGradient), input: source(call.input), mean: source(call.mean),
            inverse: source(call.inverse), weight_partials: weightPartials, bias_partials: biasPartials,
            rows: Int64(rows), columns: Int64(columns), part_rows: Int64(parts.rows))
        let grid = ((columns + 255) / 256, parts.count, 1)
        try kernels.launch("norm_parameters" + types, grid: grid, block: 256, arguments)
        for (gradient, sums) in [(call.weightGradient, weightPartials), (call.biasGradient, biasPartials)] {
            guard let gradient else { continue }
            let output = try floatTarget(gradient, call.name)
            try finish(sums, parts: parts.count, columns: columns, accumulate: call.accumulatesParameters, to: output)
        }
    }
}
