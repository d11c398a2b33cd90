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

        /// The values, without a place on a tape.
        var values: LinearWeight {
            switch self {
            case .dense(let parameter): .dense(parameter.value)
            case .nf4(let weight): .nf4(weight.matrix)
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
            return try map(x, .dense(pass(parameter)), bias, term, pass)
        case .nf4(let weight):
            guard let computeType, computeType != x.elementType else {
                return try map(x, .nf4(weight.matrix), bias, term, pass)
            }
            let bias = try bias?.converted(to: computeType)
            let term = try term?.converted(to: computeType)
            return try map(x.converted(to: computeType), .nf4(weight.matrix), bias, term, pass)
                .converted(to: x.elementType)
        }
    }

    /// The map with what the adapter adds; with magnitudes, the sum of matrix and term is brought to their length by rows.
    ///
    /// Lengths of rows count as constant in the gradient, and dropout is on the adapter's share alone, as in peft's DoRA.
    private func map(
        _ x: Tensor, _ weight: LinearWeight, _ bias: Tensor?, _ term: LowRankTerm?, _ pass: Pass
    ) throws(TensorError) -> Tensor {
        guard let magnitude = adapter?.magnitude, let term else {
            return try x.linear(weight, bias: bias, lowRank: term)
        }
        let inverse = try weight.inverseRowNorms(with: term)
        let plain = LowRankTerm(a: term.a, b: term.b, scaling: term.scaling)
        guard let dropout = term.dropout else {
            let turned = try x.linear(weight, lowRank: plain)
                .scaledColumns(by: pass(magnitude), inverseNorms: inverse)
            guard let bias else { return turned }
            return try turned.adding(bias)
        }
        let dropped = try x.dropping(rate: dropout.rate, key: dropout.key)
        let turned = try dropped.linear(weight, lowRank: plain)
            .scaledColumns(by: pass(magnitude), inverseNorms: inverse)
        return try x.linear(weight, bias: bias).adding(dropped.linear(weight).scaled(by: -1)).adding(turned)
    }
}

extension LowRankTerm {
    /// The term in another type.
    fileprivate func converted(to type: ElementType) throws(TensorError) -> LowRankTerm {
        LowRankTerm(a: try a.converted(to: type), b: try b.converted(to: type), scaling: scaling, dropout: dropout)
    }
}
