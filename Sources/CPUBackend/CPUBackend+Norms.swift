import CKernels
import Tensors

/// Norms and activations.
extension CPUBackend {
    package func rmsNorm(_ call: RMSNormCall) throws(TensorError) {
        let name = "RMS norm"
        let none: Tensor? = nil
        let arguments = ckernels_norm_call(
            input: try input(call.input, name), weight: try input(call.weight, name), bias: try input(none, name),
            residual: try input(call.residual, name), output: try output(call.output, name), mean: nil,
            inverse: try optionalTarget(call.inverseRMS, name), columns: call.input.columns, epsilon: call.epsilon)
        run(CKERNELS_RMS_NORM, rows: call.input.rows, of: call.input.columns, arguments)
    }

    package func layerNorm(_ call: LayerNormCall) throws(TensorError) {
        let name = "layer norm"
        let none: Tensor? = nil
        let arguments = ckernels_norm_call(
            input: try input(call.input, name), weight: try input(call.weight, name), bias: try input(call.bias, name),
            residual: try input(none, name), output: try output(call.output, name),
            mean: try optionalTarget(call.mean, name), inverse: try optionalTarget(call.inverseDeviation, name),
            columns: call.input.columns, epsilon: call.epsilon)
        run(CKERNELS_LAYER_NORM, rows: call.input.rows, of: call.input.columns, arguments)
    }

    package func rmsNormBackward(_ call: RMSNormBackwardCall) throws(TensorError) {
        let name = "RMS norm backward"
        try copy(call.addend, to: call.inputGradient)
        let arguments = ckernels_norm_backward_call(
            output_gradient: try input(call.outputGradient, name), input: try input(call.input, name),
            weight: try input(call.weight, name), input_gradient: try output(call.inputGradient, name), mean: nil,
            inverse: try floats(call.inverseRMS, name),
            weight_gradient: try optionalTarget(call.weightGradient, name), bias_gradient: nil, rows: call.input.rows,
            columns: call.input.columns, accumulate_input: call.addend != nil,
            accumulate_parameters: call.accumulateWeight)
        runBackward(CKERNELS_RMS_NORM_INPUT, CKERNELS_RMS_NORM_WEIGHT, arguments)
    }

    package func layerNormBackward(_ call: LayerNormBackwardCall) throws(TensorError) {
        let name = "layer norm backward"
        try copy(call.addend, to: call.inputGradient)
        let arguments = ckernels_norm_backward_call(
            output_gradient: try input(call.outputGradient, name), input: try input(call.input, name),
            weight: try input(call.weight, name), input_gradient: try output(call.inputGradient, name),
            mean: try floats(call.mean, name), inverse: try floats(call.inverseDeviation, name),
            weight_gradient: try optionalTarget(call.weightGradient, name),
            bias_gradient: try optionalTarget(call.biasGradient, name), rows: call.input.rows,
            columns: call.input.columns, accumulate_input: call.addend != nil,
            accumulate_parameters: call.accumulateParameters)
        runBackward(CKERNELS_LAYER_NORM_INPUT, CKERNELS_LAYER_NORM_WEIGHT, arguments)
    }

    package func gelu(_ call: GELUCall) throws(TensorError) {
        run(CKERNELS_GELU, elements: call.input.count, try map(call.input, call.output, factor: 1, "GELU"))
    }

    package func geluBackward(_ call: GELUBackwardCall) throws(TensorError) {
        let name = "GELU backward"
        let arguments = ckernels_gelu_backward_call(
            output_gradient: try input(call.outputGradient, name), input: try input(call.input, name),
            input_gradient: try output(call.inputGradient, name), accumulate: call.accumulate)
        run(CKERNELS_GELU_BACKWARD, elements: call.input.count, arguments)
    }

    package func gatedGELU(_ call: GatedGELUCall) throws(TensorError) {
        let name = "gated GELU"
        let arguments = ckernels_gated_gelu_call(
            gate: try input(call.gate, name), up: try input(call.up, name), output: try output(call.output, name))
        run(CKERNELS_GATED_GELU, elements: call.gate.count, arguments)
    }

    package func gatedGELUBackward(_ call: GatedGELUBackwardCall) throws(TensorError) {
        let name = "gated GELU backward"
        let arguments = ckernels_gated_gelu_backward_call(
            output_gradient: try input(call.outputGradient, name), gate: try input(call.gate, name),
            up: try input(call.up, name), gate_gradient: try output(call.gateGradient, name),
            up_gradient: try output(call.upGradient, name))
        run(CKERNELS_GATED_GELU_BACKWARD, elements: call.gate.count, arguments)
    }
}

extension CPUBackend {
    /// Puts what a gradient is added to in its place, where it is elsewhere.
    private func copy(_ addend: Tensor?, to gradient: Tensor?) throws(TensorError) {
        guard let addend, let gradient else { return }
        if addend.storage === gradient.storage && addend.byteOffset == gradient.byteOffset { return }
        try convert(ConvertCall(input: addend, output: gradient))
    }

    private func optionalTarget(
        _ tensor: Tensor?, _ operation: String
    ) throws(TensorError) -> UnsafeMutablePointer<Float>? {
        guard let tensor else { return nil }
        return try floatTarget(tensor, operation)
    }

    /// Runs the kernels for the gradients that are wanted.
    private func runBackward(
        _ inputKernel: ckernels_kernel, _ parameterKernel: ckernels_kernel, _ arguments: ckernels_norm_backward_call
    ) {
        // The parameters' gradients first: the input's may be written over the output's.
        if arguments.weight_gradient != nil || arguments.bias_gradient != nil {
            run(parameterKernel, columns: arguments.columns, arguments)
        }
        if arguments.input_gradient.data != nil {
            run(inputKernel, rows: arguments.rows, of: arguments.columns, arguments)
        }
    }
}
