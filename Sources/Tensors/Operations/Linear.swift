/// A low-rank addition to a linear map: `scaling * (dropout(x) a^T) b^T`.
///
/// - Shapes: a `[r, in]`, b `[out, r]`.
/// - Source: Hu et al., "LoRA: low-rank adaptation of large language models", 2021; peft's `LoraLayer`.
package struct LowRankTerm {
    package let a: Tensor
    package let b: Tensor
    package let scaling: Float
    /// The share of input elements that is dropped, and the key of the choice; nil in inference.
    package let dropout: (rate: Float, key: RandomKey)?

    /// States the term.
    package init(a: Tensor, b: Tensor, scaling: Float, dropout: (rate: Float, key: RandomKey)? = nil) {
        self.a = a
        self.b = b
        self.scaling = scaling
        self.dropout = dropout
    }
}

/// The matrix of a linear map, `[out, in]`.
package enum LinearWeight {
    /// Real numbers, which may be trained.
    case dense(Tensor)
    /// 4-bit numbers, which are frozen; gradients pass through to the input.
    case nf4(NF4Matrix)

    /// `[out, in]`.
    package var shape: [Int] {
        switch self {
        case .dense(let tensor): tensor.shape
        case .nf4(let matrix): matrix.shape
        }
    }

    /// What a tape needs to know of it.
    var tensor: Tensor? {
        if case .dense(let tensor) = self { tensor } else { nil }
    }

    /// The same matrix without a place on the tape.
    var detached: LinearWeight {
        if case .dense(let tensor) = self { .dense(tensor.detached) } else { self }
    }

    /// `output (+)= x weight^T + bias`, or `x weight` without `transposed`.
    func multiply(
        _ x: Tensor, transposed: Bool, bias: Tensor? = nil, accumulate: Bool = false, isReused: Bool, to output: Tensor
    ) throws(TensorError) {
        switch self {
        case .dense(let tensor):
            var product = MatmulCall(a: x, b: tensor, output: output)
            (product.transposeB, product.bias) = (transposed, bias)
            (product.accumulate, product.reusesB) = (accumulate, isReused)
            try x.backend.matmul(product)
        case .nf4(let matrix):
            var product = QuantizedMatmulCall(a: x, b: matrix, output: output)
            (product.transposeB, product.bias, product.accumulate) = (transposed, bias, accumulate)
            try x.backend.matmul(product)
        }
    }
}

extension Tensor {
    /// The linear map `x weight^T + bias`, plus a low-rank term where there is one.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`.
    ///   - bias: `[out]`.
    /// - Returns: the shape of `self` with `in` replaced by `out`.
    /// - Throws: `TensorError.shapeMismatch` if the last axis is not `in`.
    package func linear(weight: Tensor, bias: Tensor? = nil, lowRank: LowRankTerm? = nil) throws(TensorError) -> Tensor
    {
        try linear(.dense(weight), bias: bias, lowRank: lowRank)
    }

    /// The linear map by a matrix of either kind.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`.
    ///   - bias: `[out]`.
    /// - Returns: the shape of `self` with `in` replaced by `out`.
    /// - Throws: `TensorError.shapeMismatch` if the last axis is not `in`.
    package func linear(
        _ weight: LinearWeight, bias: Tensor? = nil, lowRank: LowRankTerm? = nil
    ) throws(TensorError) -> Tensor {
        guard weight.shape.count == 2, weight.shape[1] == columns else {
            throw .shapeMismatch(operation: "linear", shape, weight.shape)
        }
        let output = try Tensor(
            uninitialized: shape.dropLast() + [weight.shape[0]], elementType, on: backend, label: "linear output")
        let isTrained = weight.tensor?.requiresGradient ?? false
        try weight.detached.multiply(
            detached, transposed: true, bias: bias?.detached, isReused: !isTrained, to: output)
        var hidden: (input: Tensor, reduced: Tensor)?
        if let lowRank { hidden = try detached.addLowRank(lowRank, to: output) }
        // A frozen matrix stands in the list as a tensor that asks for no gradient.
        let inputs =
            [self, weight.tensor ?? detached] + (bias.map { [$0] } ?? []) + (lowRank.map { [$0.a, $0.b] } ?? [])
        return Tape.record(output, from: inputs) {
            LinearBackward(
                input: isTrained ? detached : nil, inputShape: shape, weight: weight.detached,
                hasBias: bias != nil, lowRank: lowRank, dropped: hidden?.input, reduced: hidden?.reduced)
        }
    }

    /// Adds the term to `output`; returns the input after dropout, and its product with `a`, both for the backward.
    private func addLowRank(
        _ term: LowRankTerm, to output: Tensor
    ) throws(TensorError) -> (input: Tensor, reduced: Tensor) {
        guard term.a.columns == columns, term.b.shape == [output.columns, term.a.shape[0]] else {
            throw .shapeMismatch(operation: "low-rank term", term.a.shape, term.b.shape)
        }
        let input =
            try term.dropout.map { (choice) throws(TensorError) in
                try dropped(rate: choice.rate, key: choice.key)
            } ?? self
        let reduced = try Tensor(uninitialized: shape.dropLast() + [term.a.shape[0]], elementType, on: backend)
        var down = MatmulCall(a: input, b: term.a.detached, output: reduced)
        down.transposeB = true
        try backend.matmul(down)
        try backend.matmul(term.product(of: reduced, addedTo: output))
        return (input, reduced)
    }
}

private struct LinearBackward: BackwardOperation {
    /// Kept only where the weight's gradient needs it.
    let input: Tensor?
    let inputShape: [Int]
    let weight: LinearWeight
    let hasBias: Bool
    let lowRank: LowRankTerm?
    let dropped: Tensor?
    let reduced: Tensor?

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        let backend = outputGradient.backend
        try gradients.accumulate(to: 0, shape: inputShape, elementType: outputGradient.elementType, on: backend) {
            (target, accumulate) throws(TensorError) in
            try weight.multiply(
                outputGradient, transposed: false, accumulate: accumulate, isReused: input == nil, to: target)
        }
        if let input, let matrix = weight.tensor {
            try addProduct(outputGradient, input, to: 1, like: matrix, scale: 1, &gradients)
        }
        if hasBias {
            try gradients.accumulate(to: 2, shape: [weight.shape[0]], elementType: .float32, on: backend) {
                (target, accumulate) throws(TensorError) in
                try backend.sumColumns(SumColumnsCall(input: outputGradient, accumulate: accumulate, output: target))
            }
        }
        if let lowRank, let dropped, let reduced {
            try backward(through: lowRank, dropped, reduced, outputGradient, into: &gradients)
        }
    }

    /// The gradients of the low-rank term: of `b`, of `a`, and its share of the input's.
    private func backward(
        through term: LowRankTerm, _ dropped: Tensor, _ reduced: Tensor, _ outputGradient: Tensor,
        into gradients: inout InputGradients
    ) throws(TensorError) {
        let backend = outputGradient.backend
        let first = hasBias ? 3 : 2
        let reducedGradient = try Tensor(uninitialized: reduced.shape, reduced.elementType, on: backend)
        try backend.matmul(term.gradient(outputGradient, to: reducedGradient))
        try addProduct(outputGradient, reduced, to: first + 1, like: term.b, scale: term.scaling, &gradients)
        try addProduct(reducedGradient, dropped, to: first, like: term.a, scale: 1, &gradients)
        guard gradients.wants(0) else { return }
        var up = MatmulCall(a: reducedGradient, b: term.a.detached, output: reducedGradient)
        if let dropout = term.dropout {
            up.output = try Tensor(uninitialized: inputShape, outputGradient.elementType, on: backend)
            try backend.matmul(up)
            try gradients.add(up.output.dropped(rate: dropout.rate, key: dropout.key), to: 0)
        } else {
            try gradients.accumulate(to: 0, shape: inputShape, elementType: outputGradient.elementType, on: backend) {
                (target, accumulate) throws(TensorError) in
                up.output = target
                up.accumulate = accumulate
                try backend.matmul(up)
            }
        }
    }

    /// Adds `left^T right` to the gradient of input `i`, a matrix of parameters that has the shape of `value`.
    private func addProduct(
        _ left: Tensor, _ right: Tensor, to i: Int, like value: Tensor, scale: Float, _ gradients: inout InputGradients
    ) throws(TensorError) {
        guard let target = try gradients.target(i, like: value) else { return }
        try left.backend.matmul(.sum(of: left, right, scale: scale, to: target))
    }
}
