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
        let theta = Float(configuration.ropeTheta)
        let queries = try q(x, pass).reshaped(to: [batch, length, configuration.headCount, dimension])
            .rotated(positions: context.positions, theta: theta)
        var keys = try k(x, pass).reshaped(to: keyShape).rotated(positions: context.positions, theta: theta)
        var values = try v(x, pass).reshaped(to: keyShape)
        let attended: Tensor
        if let cache = pass.cache, !context.segments.isEmpty {
            attended = try attend(queries, keys, values, context, cache)
        } else {
            if let cache = pass.cache {
                (keys, values) = try cache.append(keys: keys, values: values, layer: layer)
            }
            let attend = { (q: Tensor, k: Tensor, v: Tensor, mask: AttentionMask) throws(TensorError) in
                try self.attend(q, k, v, context.windowed(mask, layer: layer))
            }
            if let packed = context.packed {
                attended = try packed(queries, keys, values, attend)
            } else {
                attended = try attend(queries, keys, values, context.fullMask)
            }
        }
        return try output(attended.reshaped(to: [batch, length, configuration.headCount * dimension]), pass)
    }

    private func attend(
        _ queries: Tensor, _ keys: Tensor, _ values: Tensor, _ mask: AttentionMask
    ) throws(TensorError) -> Tensor {
        try queries.attention(
            keys: keys, values: values, mask: mask, scale: Float(1 / configuration.queryScalar.squareRoot()),
            softCap: configuration.attentionSoftCap.map { Float($0) })
    }

    /// Each segment against its own row of the cache, in inference.
    private func attend(
        _ queries: Tensor, _ keys: Tensor, _ values: Tensor, _ context: DecoderContext, _ cache: KeyValueCache
    ) throws(TensorError) -> Tensor {
        try .stacking(
            context.segments.map { (segment) throws(TensorError) in
                let (keys, values) = try cache.append(
                    keys: keys.columns(segment.tokens), values: values.columns(segment.tokens), to: segment,
                    layer: layer)
                return try attend(
                    queries.columns(segment.tokens), keys, values, context.mask(of: segment, layer: layer))
            })
    }
}

extension Tensor {
    /// Tokens of `[1, N, heads, d]`.
    fileprivate func columns(_ range: Range<Int>) -> Tensor {
        viewed(as: Array(shape.dropFirst())).part(range).viewed(as: [1, range.count] + shape.dropFirst(2))
    }
}
