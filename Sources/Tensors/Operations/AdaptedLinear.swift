/// The matrix of a linear map with the low-rank term that is added to it, which drops nothing.
package struct AdaptedWeight {
    package let matrix: LinearWeight
    package let term: LowRankTerm

    /// States a map.
    package init(matrix: LinearWeight, term: LowRankTerm) {
        (self.matrix, self.term) = (matrix, term)
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
        var (outputs, reduced): ([Tensor], [Tensor]) = ([], [])
        for map in maps {
            let (shape, term) = (map.matrix.shape, map.term)
            guard shape.count == 2, shape[1] == columns else {
                throw .shapeMismatch(operation: "linear", self.shape, shape)
            }
            guard term.dropout == nil, term.a.columns == columns, term.b.shape == [shape[0], term.a.shape[0]] else {
                throw .shapeMismatch(operation: "low-rank term", term.a.shape, term.b.shape)
            }
            outputs.append(try room(shape[0], label: "linear output"))
            reduced.append(try room(term.a.shape[0], label: "low-rank product"))
            let isTrained = map.matrix.tensor?.requiresGradient ?? false
            try map.matrix.detached.multiply(
                detached, transposed: true, isReused: !isTrained, to: outputs[outputs.count - 1])
        }
        var (downs, ups): ([MatmulCall], [MatmulCall]) = ([], [])
        for (i, map) in maps.enumerated() {
            var down = MatmulCall(a: detached, b: map.term.a.detached, output: reduced[i])
            down.transposeB = true
            downs.append(down)
            var up = MatmulCall(a: reduced[i], b: map.term.b.detached, output: outputs[i])
            (up.transposeB, up.alpha, up.accumulate) = (true, map.term.scaling, true)
            ups.append(up)
        }
        try backend.matmul(downs)
        try backend.matmul(ups)
        // A frozen matrix stands in the list as a tensor that asks for no gradient.
        let inputs = [self] + maps.flatMap { [$0.matrix.tensor ?? detached, $0.term.a, $0.term.b] }
        return Tape.record(outputs, from: inputs) {
            AdaptedLinearBackward(
                input: detached,
                maps: zip(maps, reduced).map { (map, reduced) in
                    let term = LowRankTerm(
                        a: map.term.a.detached, b: map.term.b.detached, scaling: map.term.scaling)
                    let isTrained = map.matrix.tensor?.requiresGradient ?? false
                    return .init(matrix: map.matrix.detached, isTrained: isTrained, term: term, reduced: reduced)
                })
        }
    }

    /// The shape of `self` with another last axis.
    private func room(_ columns: Int, label: StaticString) throws(TensorError) -> Tensor {
        try Tensor(uninitialized: shape.dropLast() + [columns], elementType, on: backend, label: label)
    }
}

/// Inputs: what is mapped, then matrix, `a` and `b` of each map.
private struct AdaptedLinearBackward: JoinedBackwardOperation {
    struct Map {
        let matrix: LinearWeight
        let isTrained: Bool
        let term: LowRankTerm
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
                try map.matrix.multiply(
                    gradient, transposed: false, accumulate: accumulate, isReused: !map.isTrained, to: target)
            }
            guard map.isTrained else { continue }
            try input.backend.matmul(
                sums(of: gradient, input, to: 1 + 3 * i, shape: map.matrix.shape, scale: 1, &gradients))
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
            let map = maps[i]
            let reducedGradient = try Tensor(
                uninitialized: map.reduced.shape, map.reduced.elementType, on: backend, label: "low-rank product")
            var product = MatmulCall(a: gradient, b: map.term.b, output: reducedGradient)
            product.alpha = map.term.scaling
            narrowing.append(product)
            ofB += try sums(
                of: gradient, map.reduced, to: 3 + 3 * i, shape: map.term.b.shape, scale: map.term.scaling, &gradients)
            ofA += try sums(of: reducedGradient, input, to: 2 + 3 * i, shape: map.term.a.shape, scale: 1, &gradients)
        }
        try backend.matmul(narrowing)
        try backend.matmul(ofB)
        try backend.matmul(ofA)
        try gradients.accumulate(to: 0, shape: input.shape, elementType: input.elementType, on: backend) {
            (target, accumulate) throws(TensorError) in
            var sum = SummedMatmulCall(
                a: narrowing.map(\.output), b: found.map { maps[$0.place].term.a }, output: target)
            sum.accumulate = accumulate
            try backend.matmul(sum)
        }
    }

    /// The product that adds `left^T right` to the gradient of input `i`, a matrix of parameters; none if it wants none.
    private func sums(
        of left: Tensor, _ right: Tensor, to i: Int, shape: [Int], scale: Float, _ gradients: inout InputGradients
    ) throws(TensorError) -> [MatmulCall] {
        var calls: [MatmulCall] = []
        try gradients.accumulate(to: i, shape: shape, elementType: .float32, on: input.backend) {
            (target, accumulate) throws(TensorError) in
            var product = MatmulCall(a: left, b: right, output: target)
            (product.transposeA, product.alpha, product.accumulate) = (true, scale, accumulate)
            calls.append(product)
        }
        return calls
    }
}
