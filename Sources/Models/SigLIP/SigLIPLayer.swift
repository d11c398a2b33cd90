import Tensors

/// One layer of SigLIP: norm, attention of all patches to all, norm, feed-forward; each added to its input.
struct SigLIPLayer {
    private let firstNorm: LayerNorm
    private let q, k, v, output: Linear
    private let secondNorm: LayerNorm
    private let up, down: Linear
    private let headCount: Int

    init(_ scope: ParameterScope, _ configuration: SigLIPConfiguration) throws(ModelError) {
        let (size, epsilon) = (configuration.hiddenSize, configuration.normEpsilon)
        firstNorm = try LayerNorm(scope / "layer_norm1", size: size, epsilon: epsilon)
        let attention = scope / "self_attn"
        q = try Linear(attention / "q_proj", from: size, to: size, hasBias: true)
        k = try Linear(attention / "k_proj", from: size, to: size, hasBias: true)
        v = try Linear(attention / "v_proj", from: size, to: size, hasBias: true)
        output = try Linear(attention / "out_proj", from: size, to: size, hasBias: true)
        secondNorm = try LayerNorm(scope / "layer_norm2", size: size, epsilon: epsilon)
        let intermediate = configuration.intermediateSize
        up = try Linear(scope / "mlp" / "fc1", from: size, to: intermediate, hasBias: true)
        down = try Linear(scope / "mlp" / "fc2", from: intermediate, to: size, hasBias: true)
        headCount = configuration.headCount
    }

    /// - Parameter x: `[B, N, D]`.
    /// - Returns: `[B, N, D]`.
    func callAsFunction(_ x: Tensor, _ pass: Pass) throws(TensorError) -> Tensor {
        let attended = try x.adding(attention(firstNorm(x, pass), pass))
        return try attended.adding(down(up(secondNorm(attended, pass), pass).gelu(), pass))
    }

    private func attention(_ x: Tensor, _ pass: Pass) throws(TensorError) -> Tensor {
        let (batch, patches, size) = (x.shape[0], x.shape[1], x.shape[2])
        let heads = [batch, patches, headCount, size / headCount]
        let maps = try Linear.each([q, k, v], x, pass)
        let context = try maps[0].reshaped(to: heads).attention(
            keys: maps[1].reshaped(to: heads), values: maps[2].reshaped(to: heads),
            mask: .full(batch: batch, columns: patches), scale: 1 / Float(size / headCount).squareRoot(), softCap: nil)
        return try output(context.reshaped(to: x.shape), pass)
    }
}
