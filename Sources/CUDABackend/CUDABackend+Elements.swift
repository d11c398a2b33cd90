import CCUDAKernels
import Tensors

/// Elements, one by one.
extension CUDABackend {
    package func fill(_ call: FillCall) throws(TensorError) {
        let name = try "fill" + suffix(call.output, "fill")
        try launch(
            name, elements: call.output.count,
            ccudakernels_fill_arguments(
                output: target(call.output), count: Int64(call.output.count), value: call.value))
    }

    package func convert(_ call: ConvertCall) throws(TensorError) {
        // Every card reads bfloat16, which most checkpoints are in.
        let from = call.input.elementType == .bfloat16 ? "_bfloat16" : try suffix(call.input, "convert")
        let name = try "convert" + from + suffix(call.output, "convert")
        try launch(name, elements: call.input.count, map(call.input, call.output))
    }

    package func add(_ call: AddCall) throws(TensorError) {
        guard call.b.count > 0 else { return }
        if call.a.elementType != .float32 { try requireSameType(call.b, as: call.a, "add") }
        try requireSameType(call.output, as: call.a, "add")
        let arguments = ccudakernels_add_arguments(
            a: source(call.a), b: source(call.b), output: target(call.output), count: Int64(call.a.count),
            period: Int64(call.b.count), scale: call.scale)
        try launch("add" + suffix(call.a, "add") + suffix(call.b, "add"), elements: call.a.count, arguments)
    }

    package func scale(_ call: ScaleCall) throws(TensorError) {
        try launch(map: "scale", call.input, call.output, factor: call.factor)
    }

    package func softCap(_ call: SoftCapCall) throws(TensorError) {
        try launch(map: "soft_cap", call.input, call.output, factor: call.cap)
    }

    package func gelu(_ call: GELUCall) throws(TensorError) {
        try launch(map: "gelu", call.input, call.output)
    }

    package func dropout(_ call: DropoutCall) throws(TensorError) {
        try requireSameType(call.output, as: call.input, "dropout")
        let arguments = ccudakernels_dropout_arguments(
            input: source(call.input), output: target(call.output), count: Int64(call.input.count), rate: call.rate,
            kept_scale: 1 / (1 - call.rate), key_low: call.key.low, key_high: call.key.high)
        try launch("dropout" + suffix(call.input, "dropout"), elements: call.input.count, arguments)
    }

    package func geluBackward(_ call: GELUBackwardCall) throws(TensorError) {
        let name = "GELU backward"
        try requireSameType(call.outputGradient, as: call.input, name)
        try requireSameType(call.inputGradient, as: call.input, name)
        let arguments = ccudakernels_gelu_backward_arguments(
            output_gradient: source(call.outputGradient), input: source(call.input),
            input_gradient: target(call.inputGradient), count: Int64(call.input.count),
            accumulate: call.accumulate ? 1 : 0)
        try launch("gelu_backward" + suffix(call.input, name), elements: call.input.count, arguments)
    }

    package func gatedGELU(_ call: GatedGELUCall) throws(TensorError) {
        let name = "gated GELU"
        try requireSameType(call.up, as: call.gate, name)
        try requireSameType(call.output, as: call.gate, name)
        let arguments = ccudakernels_gated_gelu_arguments(
            gate: source(call.gate), up: source(call.up), output: target(call.output), count: Int64(call.gate.count))
        try launch("gated_gelu" + suffix(call.gate, name), elements: call.gate.count, arguments)
    }

    package func gatedGELUBackward(_ call: GatedGELUBackwardCall) throws(TensorError) {
        let name = "gated GELU backward"
        for operand in [call.outputGradient, call.up, call.gateGradient, call.upGradient] {
            try requireSameType(operand, as: call.gate, name)
        }
        let arguments = ccudakernels_gated_gelu_backward_arguments(
            output_gradient: source(call.outputGradient), gate: source(call.gate), up: source(call.up),
            gate_gradient: target(call.gateGradient), up_gradient: target(call.upGradient),
            count: Int64(call.gate.count))
        try launch("gated_gelu_backward" + suffix(call.gate, name), elements: call.gate.count, arguments)
    }

    private func map(_ from: Tensor, _ to: Tensor, factor: Float = 1) -> ccudakernels_map_arguments {
        ccudakernels_map_arguments(
            input: source(from), output: target(to), count: Int64(from.count), factor: factor)
    }

    private func launch(map name: String, _ from: Tensor, _ to: Tensor, factor: Float = 1) throws(TensorError) {
        try requireSameType(to, as: from, name)
        try launch(name + suffix(from, name), elements: from.count, map(from, to, factor: factor))
    }
}
