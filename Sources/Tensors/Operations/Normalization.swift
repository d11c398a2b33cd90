extension Tensor {
    /// Root-mean-square normalization over the last axis, scaled by `1 + weight`, then added to `residual`.
    ///
    /// Accumulates in float32 whatever the input type, and rounds once before the residual is added.
    /// - Parameters:
    ///   - weight: `[D]`, stored around zero as Gemma checkpoints do.
    ///   - epsilon: added to the mean square, before the root.
    ///   - residual: the shape of `self`.
    /// - Returns: the shape of `self`, `[.., D]`, and the type of `residual`, or of `weight` where there is none.
    /// - Throws: `TensorError.shapeMismatch` if the last axis is not `D`.
    /// - Source: Gemma 2 report, section 2; docs/numerics.md "RMSNorm".
    package func rmsNorm(weight: Tensor, epsilon: Float, residual: Tensor? = nil) throws(TensorError) -> Tensor {
        guard weight.shape == [columns], residual.map({ $0.shape == shape }) ?? true else {
            throw .shapeMismatch(operation: "RMSNorm", shape, weight.shape)
        }
        let output = try Tensor(uninitialized: shape, (residual ?? weight).elementType, on: backend)
        let inputs = [self, weight] + (residual.map { [$0] } ?? [])
        let isRecorded = inputs.contains { $0.requiresGradient }
        let inverseRMS = isRecorded ? try Tensor(uninitialized: [rows], .float32, on: backend) : nil
        try backend.rmsNorm(
            RMSNormCall(
                input: detached, weight: weight.detached, residual: residual?.detached, epsilon: epsilon,
                output: output, inverseRMS: inverseRMS))
        guard let inverseRMS else { return output }
        return Tape.record(output, from: inputs) {
            RMSNormBackward(x: detached, weight: weight.detached, inverseRMS: inverseRMS, hasResidual: residual != nil)
        }
    }

    /// Root-mean-square normalization added to `residual`, and the norm of that, in one call of the device.
    ///
    /// - Parameters:
    ///   - weight, epsilon: of the first norm.
    ///   - residual: the shape of `self`.
    ///   - nextWeight, nextEpsilon: of the second.
    /// - Returns: what `rmsNorm` gives, of the type of `residual`, and the norm of it, of the type of `nextWeight`; both the
    ///   shape of `self`, `[.., D]`.
    /// - Throws: `TensorError.shapeMismatch` if the last axis is not `D`.
    package func rmsNorm(
        weight: Tensor, epsilon: Float, residual: Tensor, nextWeight: Tensor, nextEpsilon: Float
    ) throws(TensorError) -> (sum: Tensor, next: Tensor) {
        guard weight.shape == [columns], nextWeight.shape == [columns], residual.shape == shape else {
            throw .shapeMismatch(operation: "RMSNorm", shape, weight.shape)
        }
        let (sum, next) = (
            try Tensor(uninitialized: shape, residual.elementType, on: backend),
            try Tensor(uninitialized: shape, nextWeight.elementType, on: backend)
        )
        let isRecorded = [self, weight, residual].contains { $0.requiresGradient }
        let isNextRecorded = isRecorded || nextWeight.requiresGradient
        let inverse = isRecorded ? try Tensor(uninitialized: [rows], .float32, on: backend) : nil
        let nextInverse = isNextRecorded ? try Tensor(uninitialized: [rows], .float32, on: backend) : nil
        try backend.rmsNorm(
            RMSNormPairCall(
                first: RMSNormCall(
                    input: detached, weight: weight.detached, residual: residual.detached, epsilon: epsilon,
                    output: sum, inverseRMS: inverse),
                next: RMSNormCall(
                    input: sum, weight: nextWeight.detached, epsilon: nextEpsilon, output: next,
                    inverseRMS: nextInverse)))
        guard let nextInverse else { return (sum, next) }
        let recorded = inverse.map { inverse in
            Tape.record(sum, from: [self, weight, residual]) {
                RMSNormBackward(x: detached, weight: weight.detached, inverseRMS: inverse, hasResidual: true)
            }
        }
        let input = recorded ?? sum
        let normed = Tape.record(next, from: [input, nextWeight]) {
            RMSNormBackward(x: sum, weight: nextWeight.detached, inverseRMS: nextInverse, hasResidual: false)
        }
        return (input, normed)
    }

    /// Layer normalization over the last axis.
    ///
    /// - Parameters:
    ///   - weight, bias: `[D]`.
    ///   - epsilon: added to the variance, before the root.
    /// - Returns: the shape and type of `self`, `[.., D]`.
    /// - Throws: `TensorError.shapeMismatch` if the last axis is not `D`.
    package func layerNorm(weight: Tensor, bias: Tensor, epsilon: Float) throws(TensorError) -> Tensor {
        guard weight.shape == [columns], bias.shape == [columns] else {
            throw .shapeMismatch(operation: "layer norm", shape, weight.shape)
        }
        let output = try Tensor(uninitialized: shape, elementType, on: backend)
        let inputs = [self, weight, bias]
        let isRecorded = inputs.contains { $0.requiresGradient }
        let mean = isRecorded ? try Tensor(uninitialized: [rows], .float32, on: backend) : nil
        let inverseDeviation = isRecorded ? try Tensor(uninitialized: [rows], .float32, on: backend) : nil
        try backend.layerNorm(
            LayerNormCall(
                input: detached, weight: weight.detached, bias: bias.detached, epsilon: epsilon, output: output,
                mean: mean, inverseDeviation: inverseDeviation))
        guard let mean, let inverseDeviation else { return output }
        return Tape.record(output, from: inputs) {
            LayerNormBackward(x: detached, weight: weight.detached, mean: mean, inverseDeviation: inverseDeviation)
        }
    }
}

private struct RMSNormBackward: BackwardOperation {
    let x: Tensor
    let weight: Tensor
    let inverseRMS: Tensor
    let hasResidual: Bool

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        if hasResidual { try gradients.add(outputGradient, to: 2) }
        let backend = x.backend
        try gradients.join(to: 0, like: x) { (target, addend) throws(TensorError) in
            try backend.rmsNormBackward(call(outputGradient, input: (target, addend), weight: nil))
        }
        try gradients.accumulate(to: 1, shape: weight.shape, elementType: .float32, on: backend) {
            (target, accumulate) throws(TensorError) in
            try backend.rmsNormBackward(call(outputGradient, input: nil, weight: (target, accumulate)))
        }
    }

    private func call(
        _ outputGradient: Tensor, input: (Tensor, Tensor?)?, weight weightTarget: (Tensor, Bool)?
    ) -> RMSNormBackwardCall {
        RMSNormBackwardCall(
            outputGradient: outputGradient, input: x, weight: weight, inverseRMS: inverseRMS,
            inputGradient: input?.0, addend: input?.1,
            weightGradient: weightTarget?.0, accumulateWeight: weightTarget?.1 ?? false)
    }
}

private struct LayerNormBackward: BackwardOperation {
    let x: Tensor
    let weight: Tensor
    let mean: Tensor
    let inverseDeviation: Tensor

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        let backend = x.backend
        try gradients.join(to: 0, like: x) { (target, addend) throws(TensorError) in
            try backend.layerNormBackward(
                call(outputGradient, input: target, addend, weight: nil, bias: nil, accumulate: false))
        }
        try gradients.accumulate(to: 1, shape: weight.shape, elementType: .float32, on: backend) {
            (target, accumulate) throws(TensorError) in
            try backend.layerNormBackward(
                call(outputGradient, input: nil, weight: target, bias: nil, accumulate: accumulate))
        }
        try gradients.accumulate(to: 2, shape: weight.shape, elementType: .float32, on: backend) {
            (target, accumulate) throws(TensorError) in
            try backend.layerNormBackward(
                call(outputGradient, input: nil, weight: nil, bias: target, accumulate: accumulate))
        }
    }

    private func call(
        _ outputGradient: Tensor, input: Tensor?, _ addend: Tensor? = nil, weight weightTarget: Tensor?, bias: Tensor?,
        accumulate: Bool
    ) -> LayerNormBackwardCall {
        LayerNormBackwardCall(
            outputGradient: outputGradient, input: x, weight: weight, mean: mean, inverseDeviation: inverseDeviation,
            inputGradient: input, addend: addend, weightGradient: weightTarget, biasGradient: bias,
            accumulateParameters: accumulate)
    }
}
