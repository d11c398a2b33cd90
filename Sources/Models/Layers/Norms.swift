import Tensors

/// Gemma's norm: root mean square, scaled by one plus the weight.
struct RMSNorm {
    let weight: Parameter
    let epsilon: Float

    init(_ scope: ParameterScope, size: Int, epsilon: Double) throws(ModelError) {
        weight = try scope.parameter("weight", [size])
        self.epsilon = Float(epsilon)
    }

    /// The norm of `x`, `[.., D]`, added to `residual` where there is one.
    func callAsFunction(_ x: Tensor, addedTo residual: Tensor? = nil, _ pass: Pass) throws(TensorError) -> Tensor {
        try x.rmsNorm(weight: pass(weight), epsilon: epsilon, residual: residual)
    }

    /// The norm of `x`, `[.., D]`, added to `residual`, and the norm of that by `next`.
    func callAsFunction(
        _ x: Tensor, addedTo residual: Tensor, then next: RMSNorm, _ pass: Pass
    ) throws(TensorError) -> (sum: Tensor, next: Tensor) {
        try x.rmsNorm(
            weight: pass(weight), epsilon: epsilon, residual: residual, nextWeight: pass(next.weight),
            nextEpsilon: next.epsilon)
    }
}

/// SigLIP's norm: mean and variance, scaled and shifted.
struct LayerNorm {
    let weight: Parameter
    let bias: Parameter
    let epsilon: Float

    init(_ scope: ParameterScope, size: Int, epsilon: Double) throws(ModelError) {
        weight = try scope.parameter("weight", [size])
        bias = try scope.parameter("bias", [size])
        self.epsilon = Float(epsilon)
    }

    /// The norm of `x`, `[.., D]`.
    func callAsFunction(_ x: Tensor, _ pass: Pass) throws(TensorError) -> Tensor {
        try x.layerNorm(weight: pass(weight), bias: pass(bias), epsilon: epsilon)
    }
}
