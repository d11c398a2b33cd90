import Tensors

/// A linear map `x weight^T + bias`, which may carry a low-rank adapter.
package final class Linear {
    /// The place in the model, such as `language_model.model.layers.3.self_attn.q_proj`.
    package let path: String
    let weight: Parameter
    let bias: Parameter?
    /// What is added to the map while an adapter is attached.
    package var adapter: LowRankAdapter?

    init(_ scope: ParameterScope, from inputSize: Int, to outputSize: Int, hasBias: Bool) throws(ModelError) {
        path = scope.path
        weight = try scope.parameter("weight", [outputSize, inputSize])
        bias = hasBias ? try scope.parameter("bias", [outputSize]) : nil
        scope.register(self)
    }

    /// - Parameter x: `[.., in]`.
    /// - Returns: `[.., out]`.
    func callAsFunction(_ x: Tensor, _ pass: Pass) throws(TensorError) -> Tensor {
        try x.linear(weight: pass(weight), bias: bias.map { pass($0) }, lowRank: adapter?.term(of: pass))
    }
}
