/// Root-mean-square normalization over the last axis: `x * rsqrt(mean(x^2) + epsilon) * (1 + weight)`, then `residual + ` that.
///
/// The normalized and weighted value is computed in float32 and rounded to the output's type before the residual is added.
/// - Shapes: input `[R, D]`, weight `[D]` (stored around zero), residual and output `[R, D]`, inverseRMS float32 `[R]`.
/// - Types: input and weight alike, residual and output alike. Where the weight is float16 the input may be float32, or
///   residual and output may be, but not both.
package struct RMSNormCall {
    package let input: Tensor
    package let weight: Tensor
    package let residual: Tensor?
    package let epsilon: Float
    package let output: Tensor
    /// Receives the factor of each row, for the backward.
    package let inverseRMS: Tensor?

    /// States a call.
    package init(
        input: Tensor, weight: Tensor, residual: Tensor? = nil, epsilon: Float, output: Tensor,
        inverseRMS: Tensor? = nil
    ) {
        self.input = input
        self.weight = weight
        self.residual = residual
        self.epsilon = epsilon
        self.output = output
        self.inverseRMS = inverseRMS
    }
}

/// One norm, and then another of what the first gives: `next.input` is `first.output`.
///
/// Bits are those of the two calls, one after the other. `next.output` is of the type of `first.input`.
package struct RMSNormPairCall {
    package let first: RMSNormCall
    package let next: RMSNormCall

    /// States a call.
    package init(first: RMSNormCall, next: RMSNormCall) {
        (self.first, self.next) = (first, next)
    }
}

extension Backend {
    /// For devices without a kernel of their own: one norm after the other.
    package func rmsNorm(_ call: RMSNormPairCall) throws(TensorError) {
        try rmsNorm(call.first)
        try rmsNorm(call.next)
    }
}

/// The gradient of `RMSNormCall` for its input and weight; the residual's is `outputGradient` itself.
///
/// - Shapes: as forward; inputGradient like input, weightGradient float32 `[D]`.
/// - Types: as forward; outputGradient like the output, inputGradient and addend like the input.
package struct RMSNormBackwardCall {
    package let outputGradient: Tensor
    package let input: Tensor
    package let weight: Tensor
    package let inverseRMS: Tensor
    package let inputGradient: Tensor?
    /// What is added to the input's gradient; may be `inputGradient` itself.
    package let addend: Tensor?
    package let weightGradient: Tensor?
    package let accumulateWeight: Bool

    /// States a call.
    package init(
        outputGradient: Tensor, input: Tensor, weight: Tensor, inverseRMS: Tensor, inputGradient: Tensor? = nil,
        addend: Tensor? = nil, weightGradient: Tensor? = nil, accumulateWeight: Bool
    ) {
        self.outputGradient = outputGradient
        self.input = input
        self.weight = weight
        self.inverseRMS = inverseRMS
        self.inputGradient = inputGradient
        self.addend = addend
        self.weightGradient = weightGradient
        self.accumulateWeight = accumulateWeight
    }
}

/// Layer normalization over the last axis: `(x - mean) * rsqrt(variance + epsilon) * weight + bias`.
///
/// - Shapes: input and output `[R, D]`, weight and bias `[D]`, mean and inverseDeviation float32 `[R]`.
package struct LayerNormCall {
    package let input: Tensor
    package let weight: Tensor
    package let bias: Tensor
    package let epsilon: Float
    package let output: Tensor
    package let mean: Tensor?
    package let inverseDeviation: Tensor?

    /// States a call.
    package init(
        input: Tensor, weight: Tensor, bias: Tensor, epsilon: Float, output: Tensor, mean: Tensor? = nil,
        inverseDeviation: Tensor? = nil
    ) {
        self.input = input
        self.weight = weight
        self.bias = bias
        self.epsilon = epsilon
        self.output = output
        self.mean = mean
        self.inverseDeviation = inverseDeviation
    }
}

/// The gradient of `LayerNormCall`; weight and bias gradients float32 `[D]`.
package struct LayerNormBackwardCall {
    package let outputGradient: Tensor
    package let input: Tensor
    package let weight: Tensor
    package let mean: Tensor
    package let inverseDeviation: Tensor
    package let inputGradient: Tensor?
    /// What is added to the input's gradient; may be `inputGradient` itself.
    package let addend: Tensor?
    package let weightGradient: Tensor?
    package let biasGradient: Tensor?
    /// Whether weight and bias gradients are added to.
    package let accumulateParameters: Bool

    /// States a call.
    package init(
        outputGradient: Tensor, input: Tensor, weight: Tensor, mean: Tensor, inverseDeviation: Tensor,
        inputGradient: Tensor? = nil, addend: Tensor? = nil, weightGradient: Tensor? = nil, biasGradient: Tensor? = nil,
        accumulateParameters: Bool
    ) {
        self.outputGradient = outputGradient
        self.input = input
        self.weight = weight
        self.mean = mean
        self.inverseDeviation = inverseDeviation
        self.inputGradient = inputGradient
        self.addend = addend
        self.weightGradient = weightGradient
        self.biasGradient = biasGradient
        self.accumulateParameters = accumulateParameters
    }
}

/// `output = gelu(input)`, the tanh form: `0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`.
package struct GELUCall {
    package let input: Tensor
    package let output: Tensor

    /// States a call.
    package init(input: Tensor, output: Tensor) {
        self.input = input
        self.output = output
    }
}

/// `inputGradient (+)= outputGradient * gelu'(input)`.
package struct GELUBackwardCall {
    package let outputGradient: Tensor
    package let input: Tensor
    package let inputGradient: Tensor
    package let accumulate: Bool

    /// States a call.
    package init(outputGradient: Tensor, input: Tensor, inputGradient: Tensor, accumulate: Bool) {
        self.outputGradient = outputGradient
        self.input = input
        self.inputGradient = inputGradient
        self.accumulate = accumulate
    }
}

/// `output = gelu(gate) * up`, the feed-forward gate of Gemma.
package struct GatedGELUCall {
    package let gate: Tensor
    package let up: Tensor
    package let output: Tensor

    /// States a call.
    package init(gate: Tensor, up: Tensor, output: Tensor) {
        self.gate = gate
        self.up = up
        self.output = output
    }
}

/// `gateGradient = g * up * gelu'(gate)` and `upGradient = g * gelu(gate)`, where `g` is `outputGradient`.
package struct GatedGELUBackwardCall {
    package let outputGradient: Tensor
    package let gate: Tensor
    package let up: Tensor
    package let gateGradient: Tensor
    package let upGradient: Tensor

    /// States a call.
    package init(outputGradient: Tensor, gate: Tensor, up: Tensor, gateGradient: Tensor, upGradient: Tensor) {
        self.outputGradient = outputGradient
        self.gate = gate
        self.up = up
        self.gateGradient = gateGradient
        self.upGradient = upGradient
    }
}
