/// The matrix of a linear map with the low-rank term that is added to it, which drops nothing.
package struct AdaptedWeight {
    package let matrix: LinearWeight
    package let term: LowRankTerm

    /// States a map.
    package init(matrix: LinearWeight, term: LowRankTerm) {
        (self.matrix, self.term) = (matrix, term)
    }

    /// Whether a gradient is asked of the matrix.
    package var trainsMatrix: Bool { matrix.tensor?.requiresGradient ?? false }

    /// The same map without places on the tape.
    var detached: AdaptedWeight {
        AdaptedWeight(
            matrix: matrix.detached,
            term: LowRankTerm(a: term.a.detached, b: term.b.detached, scaling: term.scaling))
    }

    /// Throws where the map does not take what is given.
    func check(against x: Tensor) throws(TensorError) {
        let shape = matrix.shape
        guard shape.count == 2, shape[1] == x.columns else {
            throw .shapeMismatch(operation: "linear", x.shape, shape)
        }
        guard term.dropout == nil, term.a.columns == x.columns, term.b.shape == [shape[0], term.a.shape[0]] else {
            throw .shapeMismatch(operation: "low-rank term", term.a.shape, term.b.shape)
        }
    }
}

extension LowRankTerm {
    /// The product that adds the term to `output`, where `reduced` is `x a^T`.
    func product(of reduced: Tensor, addedTo output: Tensor) -> MatmulCall {
        var product = MatmulCall(a: reduced, b: b.detached, output: output)
        (product.transposeB, product.alpha, product.accumulate) = (true, scaling, true)
        return product
    }

    /// The product that gives the gradient of `x a^T`.
    func gradient(_ outputGradient: Tensor, to target: Tensor) -> MatmulCall {
        var product = MatmulCall(a: outputGradient, b: b.detached, output: target)
        product.alpha = scaling
        return product
    }
}

extension Tensor {
    /// The linear maps `x matrix^T + scaling * (x a^T) b^T` of one input, recorded as one operation: what the low-rank terms
    /// need is asked of the device together.
    ///
    /// - Parameter maps: matrices `[out, in]`, each with its own `out`.
    /// - Returns: for each map the shape of `self` with `in` replaced by its `out`.
    /// - Throws: `TensorError.shapeMismatch` if a matrix or a term does not fit.
    package func linear(byEach maps: [AdaptedWeight]) throws(TensorError) -> [Tensor] {
        let reduced = try narrowed(by: maps)
        let outputs = try products(of: maps.map(\.matrix))
        try backend.matmul(maps.indices.map { maps[$0].term.product(of: reduced[$0], addedTo: outputs[$0]) })
        // A frozen matrix stands in the list as a tensor that asks for no gradient.
        let inputs = [self] + maps.flatMap { [$0.matrix.tensor ?? detached, $0.term.a, $0.term.b] }
        return Tape.record(outputs, from: inputs) {
            AdaptedLinearBackward(
                input: detached,
                maps: zip(maps, reduced).map { .init(weight: $0.detached, isTrained: $0.trainsMatrix, reduced: $1) })
        }
    }

    /// `x a^T` for the term of each map, in one call; not recorded.
    func narrowed(by maps: [AdaptedWeight]) throws(TensorError) -> [Tensor] {
        var calls: [MatmulCall] = []
        for map in maps {
            try map.check(against: self)
            var call = MatmulCall(
                a: detached, b: map.term.a.detached, output: try room(map.term.a.rows, label: "low-rank product"))
            call.transposeB = true
            calls.append(call)
        }
        try backend.matmul(calls)
        return calls.map(\.output)
    }

    /// `x matrix^T` for each matrix, in one call where all are dense and frozen; not recorded.
    func products(of matrices: [LinearWeight]) throws(TensorError) -> [Tensor] {
        let frozen = matrices.compactMap(\.tensor).filter { !$0.requiresGradient && $0.elementType == elementType }
        if frozen.count == matrices.count { return try detached.linear(byEach: frozen) }
        var outputs: [Tensor] = []
        for matrix in matrices {
            outputs.append(try room(matrix.shape[0], label: "linear output"))
            try matrix.detached.multiply(
                detached, transposed: true, isReused: matrix.tensor?.requiresGradient != true,
                to: outputs[outputs.count - 1])
        }
        return outputs
    }

    /// The shape of `self` with another last axis.
    func room(_ columns: Int, label: StaticString) throws(TensorError) -> Tensor {
        try Tensor(uninitialized: shape.dropLast() + [columns], elementType, on: backend, label: label)
    }
}

/// Inputs: what is mapped, then matrix, `a` and `b` of each map.
private struct AdaptedLinearBackward: JoinedBackwardOperation {
    struct Map {
        let weight: AdaptedWeight
        let isTrained: Bool
        /// `x a^T`.
        let reduced: Tensor
    }

    let input: Tensor
    let maps: [Map]

    func backward(_ outputGradients: [Tensor?], into gradients: inout InputGradients) throws(TensorError) {
        // The last first, as maps on their own would come.
        let found = maps.indices.reversed().compactMap { i in outputGradients[i].map { (place: i, gradient: $0) } }
        for (i, gradient) in found {
            let map = maps[i]
            try gradients.accumulate(to: 0, shape: input.shape, elementType: input.elementType, on: input.backend) {
                (target, accumulate) throws(TensorError) in
                try map.weight.matrix.multiply(
                    gradient, transposed: false, accumulate: accumulate, isReused: !map.isTrained, to: target)
            }
            guard map.isTrained, let matrix = map.weight.matrix.tensor,
                let target = try gradients.target(1 + 3 * i, like: matrix)
            else { continue }
            try input.backend.matmul([.sum(of: gradient, input, scale: 1, to: target)])
        }
        try addTerms(found, into: &gradients)
    }

    /// What the low-rank terms give: to each `b`, to each `a`, and to the input.
    private func addTerms(
        _ found: [(place: Int, gradient: Tensor)], into gradients: inout InputGradients
    ) throws(TensorError) {
        let backend = input.backend
        var (narrowing, ofB, ofA): ([MatmulCall], [MatmulCall], [MatmulCall]) = ([], [], [])
        for (i, gradient) in found {
            let (term, reduced) = (maps[i].weight.term, maps[i].reduced)
            let reducedGradient = try Tensor(
                uninitialized: reduced.shape, reduced.elementType, on: backend, label: "low-rank product")
            narrowing.append(term.gradient(gradient, to: reducedGradient))
            if let target = try gradients.target(3 + 3 * i, like: term.b) {
                ofB.append(.sum(of: gradient, reduced, scale: term.scaling, to: target))
            }
            if let target = try gradients.target(2 + 3 * i, like: term.a) {
                ofA.append(.sum(of: reducedGradient, input, scale: 1, to: target))
            }
        }
        try backend.matmul(narrowing)
        try backend.matmul(ofB)
        try backend.matmul(ofA)
        try gradients.accumulate(to: 0, shape: input.shape, elementType: input.elementType, on: backend) {
            (target, accumulate) throws(TensorError) in
            var sum = SummedMatmulCall(
                a: narrowing.map(\.output), b: found.map { maps[$0.place].weight.term.a }, output: target)
            sum.accumulate = accumulate
            try backend.matmul(sum)
        }
    }
}
