import Tensors

/// Grouped-query attention with rotary positions and, in Gemma 2, capped scores.
struct GemmaAttention {
    private let q, k, v, output: Linear
    private let configuration: GemmaConfiguration
    private let layer: Int

    init(_ scope: ParameterScope, _ configuration: GemmaConfiguration, layer: Int) throws(ModelError) {
        let (size, dimension) = (configuration.hiddenSize, configuration.headDimension)
        let (querySize, keySize) = (configuration.headCount * dimension, configuration.keyValueHeadCount * dimension)
        q = try Linear(scope / "q_proj", from: size, to: querySize, hasBias: false)
        k = try Linear(scope / "k_proj", from: size, to: keySize, hasBias: false)
        v = try Linear(scope / "v_proj", from: size, to: keySize, hasBias: false)
        output = try Linear(scope / "o_proj", from: querySize, to: size, hasBias: false)
        self.configuration = configuration
        self.layer = layer
    }

    /// - Parameter x: `[B, T, D]`.
    /// - Returns: `[B, T, D]`.
    func callAsFunction(_ x: Tensor, _ context: DecoderContext, _ pass: Pass) throws(TensorError) -> Tensor {
        let (batch, length, dimension) = (x.shape[0], x.shape[1], configuration.headDimension)
        let keyShape = [batch, length, configuration.keyValueHeadCount, dimension]
        let maps = try Linear.each([q, k, v], x, pass)
        let attended = try attend(
            maps[0].reshaped(to: [batch, length, configuration.headCount, dimension]),
            maps[1].reshaped(to: keyShape), maps[2].reshaped(to: keyShape), context, pass.cache)
        return try output(attended.reshaped(to: [batch, length, configuration.headCount * dimension]), pass)
    }

    /// Attention of queries and keys that are not turned by their position yet.
    private func attend(
        _ queries: Tensor, _ keys: Tensor, _ values: Tensor, _ context: DecoderContext, _ cache: KeyValueCache?
    ) throws(TensorError) -> Tensor {
        let (positions, window) = (context.positions, context.window(ofLayer: layer))
        switch context.sight {
        case .rows(let mask):
            let turned = try Tensor.rotated([queries, keys], positions: positions, theta: theta)
            let seen = try cache?.append(keys: turned[1], values: values, layer: layer) ?? (turned[1], values)
            return try attend(turned[0], seen.0, seen.1, mask, window)
        case .packed(let packed):
            let turned = try Tensor.rotated([queries, keys], positions: positions, theta: theta)
            return try packed(turned[0], turned[1], values) { (queries, keys, values, mask) throws(TensorError) in
                try attend(queries, keys, values, mask, window)
            }
        case .cached(let places):
            guard let cache else { throw .argument(operation: "attention", reason: "there is no cache to follow") }
            let seen = cache[layer: layer]
            return try queries.tokens.rotated(
                keys: keys.tokens, values: values.tokens, positions: positions, theta: theta, into: seen, at: places
            ).attention(
                cachedKeys: seen.keys, values: seen.values, places: places, window: window, scale: scale,
                softCap: softCap)
        }
    }

    private func attend(
        _ queries: Tensor, _ keys: Tensor, _ values: Tensor, _ mask: AttentionMask, _ window: Int?
    ) throws(TensorError) -> Tensor {
        var mask = mask
        mask.window = window
        return try queries.attention(keys: keys, values: values, mask: mask, scale: scale, softCap: softCap)
    }

    private var theta: Float { Float(configuration.ropeTheta) }

    private var scale: Float { Float(1 / configuration.queryScalar.squareRoot()) }

    private var softCap: Float? { configuration.attentionSoftCap.map { Float($0) } }
}

extension Tensor {
    /// `[1, N, heads, d]` seen as `[N, heads, d]`.
    fileprivate var tokens: Tensor { viewed(as: Array(shape.dropFirst())) }
}
