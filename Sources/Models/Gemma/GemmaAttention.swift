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
        if let cache = pass.cache {
            (keys, values) = try cache.append(keys: keys, values: values, layer: layer)
        }
        let attend = { (q: Tensor, k: Tensor, v: Tensor, mask: AttentionMask) throws(TensorError) in
            try q.attention(
                keys: k, values: v, mask: context.windowed(mask, layer: layer),
                scale: Float(1 / configuration.queryScalar.squareRoot()),
                softCap: configuration.attentionSoftCap.map { Float($0) })
        }
        let attended: Tensor
        if let packed = context.packed {
            attended = try packed(queries, keys, values, attend)
        } else {
            attended = try attend(queries, keys, values, context.fullMask)
        }
        return try output(attended.reshaped(to: [batch, length, configuration.headCount * dimension]), pass)
    }
}
