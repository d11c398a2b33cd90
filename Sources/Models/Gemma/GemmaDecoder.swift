import Tensors

/// The language model of PaliGemma: embedding, layers, last norm. Its head is the embedding again.
struct GemmaDecoder {
    /// The embedding table, `[V, D]`.
    let table: Parameter
    private let layers: [GemmaLayer]
    private let lastNorm: RMSNorm
    let configuration: GemmaConfiguration

    init(_ scope: ParameterScope, _ configuration: GemmaConfiguration) throws(ModelError) {
        table = try (scope / "embed_tokens").parameter(
            "weight", [configuration.vocabularySize, configuration.hiddenSize])
        var layers: [GemmaLayer] = []
        for i in 0..<configuration.layerCount {
            layers.append(try GemmaLayer(scope / "layers" / i, configuration, layer: i))
        }
        self.layers = layers
        lastNorm = try RMSNorm(scope / "norm", size: configuration.hiddenSize, epsilon: configuration.normEpsilon)
        self.configuration = configuration
    }

    /// The embeddings of ids, times the root of the hidden size; the padding row learns from the head alone.
    ///
    /// - Returns: `[R, D]`.
    func embed(_ ids: [Int32], _ pass: Pass) throws(TensorError) -> Tensor {
        try pass(table).gatheringRows(
            ids, scale: Float(configuration.hiddenSize).squareRoot(),
            ignoredIndex: configuration.paddingID.map { Int32($0) })
    }

    /// The embeddings of ids that stand on the device, int32 `[R]`, for inference: `[R, D]`.
    func embed(at ids: Tensor) throws(TensorError) -> Tensor {
        try table.value.gatheringRows(at: ids, scale: Float(configuration.hiddenSize).squareRoot())
    }

    /// - Parameter x: embedded tokens, `[B, T, D]`.
    /// - Returns: the hidden states after the last norm, `[B, T, D]`.
    func callAsFunction(_ x: Tensor, _ context: DecoderContext, _ pass: Pass) throws(TensorError) -> Tensor {
        var x = x
        for (i, layer) in layers.enumerated() {
            pass.observe?("hidden_\(i)", x)
            x = try pass.layer(x) { (x, pass) throws(TensorError) in try layer(x, context, pass) }
        }
        if case .rows = context.sight { pass.cache?.advance(by: x.shape[1]) }
        x = try lastNorm(x, pass)
        pass.observe?("hidden_\(layers.count)", x)
        return x
    }
}
