import Tensors

/// Maps of one input, in one call of the device where they are nothing but matrices and nothing is recorded, and in one
/// operation where each is a matrix, with an adapter or without, and the device has something of that.
extension Linear {
    /// Each map of `x`.
    ///
    /// - Parameter x: `[.., in]`.
    /// - Returns: `[.., out]` for each map.
    static func each(_ maps: [Linear], _ x: Tensor, _ pass: Pass) throws(TensorError) -> [Tensor] {
        if let weights = matrices(of: maps, for: x, pass), let biases = biases(of: maps, for: x, pass) {
            return try x.linear(byEach: weights, biases: biases)
        }
        if let joined = joinedMaps(of: maps, for: x, pass) { return try x.linear(byEach: joined) }
        var outputs: [Tensor] = []
        for map in maps { outputs.append(try map(x, pass)) }
        return outputs
    }

    /// `gelu(gate(x)) * up(x)`.
    private static func gated(gate: Linear, up: Linear, _ x: Tensor, _ pass: Pass) throws(TensorError) -> Tensor {
        if let weights = matrices(of: [gate, up], for: x, pass), gate.bias == nil, up.bias == nil {
            return try x.gatedLinear(gate: weights[0], up: weights[1])
        }
        if let joined = joinedMaps(of: [gate, up], for: x, pass) {
            let maps = try x.linear(byEach: joined)
            return try maps[0].gatedGELU(up: maps[1])
        }
        return try gate(x, pass).gatedGELU(up: up(x, pass))
    }

    /// `down(gelu(gate(x)) * up(x))`.
    ///
    /// - Parameter x: `[.., in]`.
    /// - Returns: `[.., out]`.
    static func feedForward(
        gate: Linear, up: Linear, down: Linear, _ x: Tensor, _ pass: Pass
    ) throws(TensorError) -> Tensor {
        let maps = [gate, up, down]
        if maps.allSatisfy({ $0.adapter != nil }),
            let adapted = joinedMaps(of: maps, for: x, pass)?.compactMap({ AdaptedWeight($0) }), adapted.count == 3
        {
            return try x.feedForward(gate: adapted[0], up: adapted[1], down: adapted[2])
        }
        return try down(gated(gate: gate, up: up, x, pass), pass)
    }

    /// Matrices and adapters of maps that are nothing else on this trip; nil if one is more, or on a device that does not join
    /// them.
    private static func joinedMaps(of maps: [Linear], for x: Tensor, _ pass: Pass) -> [LinearMap]? {
        guard x.backend.joinsProducts else { return nil }
        var joined: [LinearMap] = []
        for map in maps {
            let term = map.adapter?.term(of: pass)
            guard map.bias == nil, map.adapter?.magnitude == nil, term?.dropout == nil,
                (map.computeType ?? x.elementType) == x.elementType
            else { return nil }
            switch map.weight {
            case .dense(let parameter): joined.append(LinearMap(matrix: .dense(pass(parameter)), term: term))
            case .nf4(let weight): joined.append(LinearMap(matrix: .nf4(weight.matrix), term: term))
            }
        }
        return joined
    }

    /// The biases of maps: none, or one of each that is nothing else; nil if only some have one, or if something is recorded.
    private static func biases(of maps: [Linear], for x: Tensor, _ pass: Pass) -> [Tensor]? {
        let biases = maps.compactMap(\.bias).map { pass($0) }
        guard biases.isEmpty || biases.count == maps.count,
            biases.allSatisfy({ !$0.requiresGradient && $0.elementType == x.elementType })
        else { return nil }
        return biases
    }

    /// The matrices of maps that are not adapted on this trip; nil if one is, or if something is recorded.
    private static func matrices(of maps: [Linear], for x: Tensor, _ pass: Pass) -> [Tensor]? {
        guard !x.requiresGradient else { return nil }
        var matrices: [Tensor] = []
        for map in maps {
            guard case .dense(let parameter) = map.weight, map.adapter == nil else { return nil }
            let matrix = pass(parameter)
            guard !matrix.requiresGradient, matrix.elementType == x.elementType else { return nil }
            matrices.append(matrix)
        }
        return matrices
    }
}
