import Tensors

/// A linear map `x weight^T + bias`, which may carry a low-rank adapter.
package final class Linear {
    /// The matrix, `[out, in]`.
    enum Weight {
        case dense(Parameter)
        case nf4(QuantizedWeight)

        /// `[out, in]`.
        var shape: [Int] {
            switch self {
            case .dense(let parameter): parameter.shape
            case .nf4(let weight): weight.matrix.shape
            }
        }
    }

    /// The place in the model, such as `language_model.model.layers.3.self_attn.q_proj`.
    package let path: String
    var weight: Weight
    let bias: Parameter?
    /// What is added to the map while an adapter is attached.
    package var adapter: LowRankAdapter?
    /// The type that a quantized layer computes with, if not that of its input.
    var computeType: ElementType?

    init(_ scope: ParameterScope, from inputSize: Int, to outputSize: Int, hasBias: Bool) throws(ModelError) {
        path = scope.path
        weight = try scope.matrix([outputSize, inputSize])
        bias = hasBias ? try scope.parameter("bias", [outputSize]) : nil
        scope.register(self)
    }

    /// - Parameter x: `[.., in]`.
    /// - Returns: `[.., out]`.
    func callAsFunction(_ x: Tensor, _ pass: Pass) throws(TensorError) -> Tensor {
        let (bias, term) = (self.bias.map { pass($0) }, adapter?.term(of: pass))
        switch weight {
        case .dense(let parameter):
            return try x.linear(weight: pass(parameter), bias: bias, lowRank: term)
        case .nf4(let weight):
            guard let computeType, computeType != x.elementType else {
                return try x.linear(.nf4(weight.matrix), bias: bias, lowRank: term)
            }
            let bias = try bias?.converted(to: computeType)
            let term = try term?.converted(to: computeType)
            return try x.converted(to: computeType).linear(.nf4(weight.matrix), bias: bias, lowRank: term)
                .converted(to: x.elementType)
        }
    }
}

extension LowRankTerm {
    /// The term in another type.
    fileprivate func converted(to type: ElementType) throws(TensorError) -> LowRankTerm {
        LowRankTerm(a: try a.converted(to: type), b: try b.converted(to: type), scaling: scaling, dropout: dropout)
    }
}
