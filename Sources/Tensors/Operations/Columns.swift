extension Tensor {
    /// Each column times a magnitude over a norm that counts as constant: the direction and length of DoRA.
    ///
    /// - Parameters:
    ///   - magnitudes: `[N]`, may be trained.
    ///   - inverseNorms: float32 `[N]`.
    /// - Returns: the shape and type of `self`, `[.., N]`.
    /// - Throws: `TensorError.shapeMismatch` if there are not `N` of each.
    package func scaledColumns(by magnitudes: Tensor, inverseNorms: Tensor) throws(TensorError) -> Tensor {
        guard magnitudes.count == columns, inverseNorms.count == columns else {
            throw .shapeMismatch(operation: "scaled columns", shape, magnitudes.shape)
        }
        let factors = try Tensor(uninitialized: [columns], .float32, on: backend)
        try backend.scaleColumns(
            ScaleColumnsCall(
                input: magnitudes.detached.converted(to: .float32), factors: inverseNorms, output: factors))
        let output = try Tensor(uninitialized: shape, elementType, on: backend)
        try backend.scaleColumns(ScaleColumnsCall(input: detached, factors: factors, output: output))
        return Tape.record(output, from: [self, magnitudes]) {
            ScaledColumnsBackward(x: detached, factors: factors, inverseNorms: inverseNorms)
        }
    }

    /// Elements dropped to zero with probability `rate`, the others scaled by `1 / (1 - rate)`.
    package func dropping(rate: Float, key: RandomKey) throws(TensorError) -> Tensor {
        Tape.record(try dropped(rate: rate, key: key), from: [self]) { DropoutBackward(rate: rate, key: key) }
    }
}

private struct ScaledColumnsBackward: BackwardOperation {
    let x: Tensor
    let factors: Tensor
    let inverseNorms: Tensor

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        let backend = x.backend
        if gradients.wants(0) {
            let target = try Tensor(uninitialized: x.shape, x.elementType, on: backend)
            try backend.scaleColumns(ScaleColumnsCall(input: outputGradient, factors: factors, output: target))
            try gradients.add(target, to: 0)
        }
        guard gradients.wants(1) else { return }
        let sums = try Tensor(uninitialized: [x.columns], .float32, on: backend)
        try backend.dotColumns(DotColumnsCall(a: outputGradient, b: x, output: sums))
        let target = try Tensor(uninitialized: [x.columns], .float32, on: backend)
        try backend.scaleColumns(ScaleColumnsCall(input: sums, factors: inverseNorms, output: target))
        try gradients.add(target, to: 1)
    }
}

private struct DropoutBackward: BackwardOperation {
    let rate: Float
    let key: RandomKey

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        try gradients.add(outputGradient.dropped(rate: rate, key: key), to: 0)
    }
}

extension LinearWeight {
    /// The matrix with a low-rank term added, in float32 memory of its own, `[out, in]`; not recorded.
    package func added(_ term: LowRankTerm?) throws(TensorError) -> Tensor {
        let exact: Tensor
        switch self {
        case .dense(let tensor): exact = tensor.detached
        case .nf4(let matrix): exact = try matrix.dequantized()
        }
        let sum = try exact.elementType == .float32 ? exact.copied() : exact.converted(to: .float32)
        guard let term else { return sum }
        var product = MatmulCall(a: term.b.detached, b: term.a.detached, output: sum)
        product.alpha = term.scaling
        product.accumulate = true
        try sum.backend.matmul(product)
        return sum
    }

    /// One over the length of each row of the matrix with a low-rank term added, float32 `[out]`; not recorded.
    package func inverseRowNorms(with term: LowRankTerm?) throws(TensorError) -> Tensor {
        let sum = try added(term)
        let backend = sum.backend
        // The norm's kernel gives 1 / root of the mean square of each row; its output is not needed.
        let inverse = try Tensor(uninitialized: [sum.rows], .float32, on: backend)
        try backend.rmsNorm(
            RMSNormCall(
                input: sum, weight: .filled(0, shape: [sum.columns], .float32, on: backend), epsilon: 0,
                output: Tensor(uninitialized: sum.shape, .float32, on: backend), inverseRMS: inverse))
        return try inverse.scaled(by: 1 / Float(sum.columns).squareRoot())
    }
}
