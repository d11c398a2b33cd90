/// A frozen matrix with the low-rank term that is added to it, which drops nothing.
package struct AdaptedWeight {
    let matrix: LinearWeight
    let term: LowRankTerm

    /// What a map is; nil if its matrix is trained or has no term.
    package init?(_ map: LinearMap) {
        guard let term = map.term, !map.trainsMatrix else { return nil }
        self.init(map.matrix, term)
    }

    private init(_ matrix: LinearWeight, _ term: LowRankTerm) {
        (self.matrix, self.term) = (matrix, term)
    }

    /// The same map without places on the tape.
    fileprivate var detached: AdaptedWeight { AdaptedWeight(matrix.detached, term.detached) }
}

extension Tensor {
    /// Gemma's feed-forward layer with an adapter on each of its maps, `down(gelu(gate(x)) * up(x))`, recorded as one operation:
    /// what the adapters add is never written beside what they add to.
    ///
    /// - Parameters:
    ///   - gate, up: matrices `[inner, in]`.
    ///   - down: a matrix `[out, inner]`.
    /// - Returns: the shape of `self` with `in` replaced by `out`.
    /// - Throws: `TensorError.shapeMismatch` if a matrix or a term does not fit.
    package func feedForward(
        gate: AdaptedWeight, up: AdaptedWeight, down: AdaptedWeight
    ) throws(TensorError) -> Tensor {
        guard gate.matrix.shape == up.matrix.shape else {
            throw .shapeMismatch(operation: "feed-forward layer", gate.matrix.shape, up.matrix.shape)
        }
        for map in [gate, up] { try check(map.matrix, map.term) }
        let reduced = try narrowed(by: [gate.term, up.term]).compactMap { $0 }
        let matrices = try products(of: [gate.matrix, up.matrix])
        let gated = AdaptedMatrix(gate, matrices[0], reduced[0])
        let raised = AdaptedMatrix(up, matrices[1], reduced[1])
        let inner = try Tensor(
            uninitialized: matrices[0].shape, elementType, on: backend, label: "feed-forward activation")
        try inner.check(down.matrix, down.term)
        let narrowed = try inner.room(down.term.a.rows, label: "low-rank product")
        try backend.gatedGELU(
            AdaptedGatedGELUCall(
                gate: gated, up: raised, a: down.term.a.detached, output: inner, narrowed: narrowed))
        let output = try inner.products(of: [down.matrix])[0]
        try backend.matmul([down.term.product(of: narrowed, addedTo: output)])
        let inputs = [self] + [gate, up, down].flatMap { [$0.term.a, $0.term.b] }
        return Tape.record(output, from: inputs) {
            FeedForwardBackward(
                input: detached, gate: gated, up: raised, narrowed: narrowed, gateMap: gate.detached,
                upMap: up.detached, downMap: down.detached)
        }
    }
}

extension AdaptedMatrix {
    fileprivate init(_ weight: AdaptedWeight, _ matrix: Tensor, _ reduced: Tensor) {
        self.init(matrix: matrix, reduced: reduced, b: weight.term.b.detached, scaling: weight.term.scaling)
    }
}

/// Inputs: what is mapped, then `a` and `b` of gate, up and down.
private struct FeedForwardBackward: BackwardOperation {
    let input: Tensor
    let gate: AdaptedMatrix
    let up: AdaptedMatrix
    /// The activation's product with the last map's `a`.
    let narrowed: Tensor
    let gateMap: AdaptedWeight
    let upMap: AdaptedWeight
    let downMap: AdaptedWeight

    func backward(_ outputGradient: Tensor, into gradients: inout InputGradients) throws(TensorError) {
        let backend = input.backend
        func room(like tensor: Tensor, label: StaticString) throws(TensorError) -> Tensor {
            try Tensor(uninitialized: tensor.shape, tensor.elementType, on: backend, label: label)
        }
        let down = downMap.term
        let narrowedGradient = try room(like: narrowed, label: "low-rank product")
        try backend.matmul([down.gradient(outputGradient, to: narrowedGradient)])
        if let target = try gradients.target(6, like: down.b) {
            try backend.matmul([.sum(of: outputGradient, narrowed, scale: down.scaling, to: target)])
        }
        let innerGradient = try room(like: gate.matrix, label: "gradient")
        try downMap.matrix.multiply(outputGradient, transposed: false, isReused: true, to: innerGradient)
        var call = AdaptedGatedGELUBackwardCall(
            gate: gate, up: up, a: down.a, outputGradient: innerGradient, narrowedGradient: narrowedGradient,
            gateGradient: try room(like: gate.matrix, label: "gradient"),
            upGradient: try room(like: up.matrix, label: "gradient"),
            gateReducedGradient: try room(like: gate.reduced, label: "low-rank product"),
            upReducedGradient: try room(like: up.reduced, label: "low-rank product"))
        call.ofGateB = try gradients.target(2, like: gate.b)
        call.ofUpB = try gradients.target(4, like: up.b)
        call.ofA = try gradients.target(5, like: down.a)
        try backend.gatedGELUBackward(call)
        var ofA: [MatmulCall] = []
        for (place, map, gradient) in [(3, upMap, call.upReducedGradient), (1, gateMap, call.gateReducedGradient)] {
            guard let target = try gradients.target(place, like: map.term.a) else { continue }
            ofA.append(.sum(of: gradient, input, scale: 1, to: target))
        }
        try backend.matmul(ofA)
        // The last first, as maps on their own would come.
        for (map, gradient) in [(upMap, call.upGradient), (gateMap, call.gateGradient)] {
            try gradients.accumulate(to: 0, shape: input.shape, elementType: input.elementType, on: backend) {
                (target, accumulate) throws(TensorError) in
                try map.matrix.multiply(
                    gradient, transposed: false, accumulate: accumulate, isReused: true, to: target)
            }
        }
        try gradients.accumulate(to: 0, shape: input.shape, elementType: input.elementType, on: backend) {
            (target, accumulate) throws(TensorError) in
            var sum = SummedMatmulCall(
                a: [call.upReducedGradient, call.gateReducedGradient], b: [upMap.term.a, gateMap.term.a],
                output: target)
            sum.accumulate = accumulate
            try backend.matmul(sum)
        }
    }
}
