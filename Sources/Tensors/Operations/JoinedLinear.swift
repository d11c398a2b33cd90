/// The matrix of a linear map with the low-rank term that is added to it, if one is; it drops nothing.
package struct LinearMap {
    package let matrix: LinearWeight
    package let term: LowRankTerm?

    /// States a map.
    package init(matrix: LinearWeight, term: LowRankTerm?) {
        (self.matrix, self.term) = (matrix, term)
    }

    /// Whether a gradient is asked of the matrix.
    package var trainsMatrix: Bool { matrix.tensor?.requiresGradient ?? false }

    /// The same map without places on the tape.
    fileprivate var detached: LinearMap { LinearMap(matrix: matrix.detached, term: term?.detached) }
}

extension Tensor {
    /// Throws where a matrix, or the term that is added to it, does not take `self`.
    func check(_ matrix: LinearWeight, _ term: LowRankTerm?) throws(TensorError) {
        let shape = matrix.shape
        guard shape.count == 2, shape[1] == columns else {
            throw .shapeMismatch(operation: "linear", self.shape, shape)
        }
        guard let term else { return }
        guard term.dropout == nil, term.a.columns == columns, term.b.shape == [shape[0], term.a.shape[0]] else {
            throw .shapeMismatch(operation: "low-rank term", term.a.shape, term.b.shape)
        }
    }
}

extension LowRankTerm {
    /// The same term without places on the tape.
    var detached: LowRankTerm { LowRankTerm(a: a.detached, b: b.detached, scaling: scaling, dropout: dropout) }

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
    /// The linear maps `x matrix^T + scaling * (x a^T) b^T` of one input, recorded as one operation: the products with dense
    /// matrices, and what the low-rank terms need, are asked of the device together.
    ///
    /// - Parameter maps: matrices `[out, in]`, each with its own `out`.
    /// - Returns: for each map the shape of `self` with `in` replaced by its `out`.
    /// - Throws: `TensorError.shapeMismatch` if a matrix or a term does not fit.
    package func linear(byEach maps: [LinearMap]) throws(TensorError) -> [Tensor] {
        for map in maps { try check(map.matrix, map.term) }
        let reduced = try narrowed(by: maps.map(\.term))
        let outputs = try products(of: maps.map(\.matrix))
        var terms: [MatmulCall] = []
        for (i, map) in maps.enumerated() {
            guard let term = map.term, let reduced = reduced[i] else { continue }
            terms.append(term.product(of: reduced, addedTo: outputs[i]))
        }
        try backend.matmul(terms)
        // What there is not stands in the list as a tensor that asks for no gradient, as does a frozen matrix.
        let inputs = [self] + maps.flatMap { [$0.matrix.tensor, $0.term?.a, $0.term?.b].map { $0 ?? detached } }
        return Tape.record(outputs, from: inputs) {
            JoinedLinearBackward(
                input: detached,
                maps: zip(maps, reduced).map { .init(map: $0.detached, isTrained: $0.trainsMatrix, reduced: $1) })
        }
    }

    /// `x a^T` for each term, in one call; not recorded.
    func narrowed(by terms: [LowRankTerm?]) throws(TensorError) -> [Tensor?] {
        var (calls, outputs): ([MatmulCall], [Tensor?]) = ([], [])
        for term in terms {
            guard let term else {
                outputs.append(nil)
                continue
            }
            let output = try room(term.a.rows, label: "low-rank product")
            var call = MatmulCall(a: detached, b: term.a.detached, output: output)
            call.transposeB = true
            calls.append(call)
            outputs.append(output)
        }
        try backend.matmul(calls)
        return outputs
    }

    /// `x matrix^T` for each matrix, in one call where all are dense; not recorded.
    func products(of matrices: [LinearWeight]) throws(TensorError) -> [Tensor] {
        let dense = matrices.compactMap(\.tensor).filter { $0.elementType == elementType }
        if dense.count == matrices.count {
            let outputs = try backend.makeOutputs(of: dense, for: self)
            var call = SharedMatmulCall(a: detached, weights: dense.map(\.detached), outputs: outputs)
            call.reusesWeights = !dense.contains(where: \.requiresGradient)
            try backend.matmul(call)
            return outputs
        }
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
private struct JoinedLinearBackward: JoinedBackwardOperation {
    struct Map {
        let map: LinearMap
        let isTrained: Bool
        /// `x a^T`, where there is a term.
        let reduced: Tensor?
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
                try map.map.matrix.multiply(
                    gradient, transposed: false, accumulate: accumulate, isReused: !map.isTrained, to: target)
            }
            guard map.isTrained, let matrix = map.map.matrix.tensor,
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
            guard let term = maps[i].map.term, let reduced = maps[i].reduced else { continue }
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
        guard !narrowing.isEmpty else { return }
        try backend.matmul(narrowing)
        try backend.matmul(ofB)
        try backend.matmul(ofA)
        try gradients.accumulate(to: 0, shape: input.shape, elementType: input.elementType, on: backend) {
            (target, accumulate) throws(TensorError) in
            var sum = SummedMatmulCall(
                a: narrowing.map(\.output), b: found.compactMap { maps[$0.place].map.term?.a }, output: target)
            sum.accumulate = accumulate
            try backend.matmul(sum)
        }
    }
}
