import Tensors

/// The language model of PaliGemma: embedding, layers, last norm. Its head is the embedding again.
///
/// What layers add to, the residual stream, is of a type of its own: Gemma's leaves the range of float16. Norms read it, and
/// write the type of the weights, which products compute in.
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
    /// - Parameter replaced: an id whose rows others take the place of: its embedding learns nothing from here.
    /// - Returns: `[R, D]`.
    func embed(_ ids: [Int32], replacing replaced: Int32? = nil, _ pass: Pass) throws(TensorError) -> Tensor {
        let ignored = [configuration.paddingID.map { Int32($0) }, replaced].compactMap { $0 }
        return try pass(table).gatheringRows(
            ids, scale: Float(configuration.hiddenSize).squareRoot(), ignoring: Set(ignored))
    }

    /// The embeddings of ids that stand on the device, int32 `[R]`, for inference: `[R, D]`.
    func embed(at ids: Tensor) throws(TensorError) -> Tensor {
        try table.value.gatheringRows(at: ids, scale: Float(configuration.hiddenSize).squareRoot())
    }

    /// - Parameter x: embedded tokens, `[B, T, D]`, in the type of the weights.
    /// - Returns: the hidden states after the last norm, `[B, T, D]`, in that type.
    func callAsFunction(_ x: Tensor, _ context: DecoderContext, _ pass: Pass) throws(TensorError) -> Tensor {
        let norms = layers.map(\.inputNorm) + [lastNorm]
        var x = try x.converted(to: table.value.elementType.ofResidualStream)
        // The norm of x comes with it from the layer before, but where layers are computed again from x alone.
        var normed = pass.recomputes ? x : try norms[0](x, pass)
        for (i, (layer, next)) in zip(layers, norms.dropFirst()).enumerated() {
            pass.observe?("hidden_\(i)", x)
            if pass.recomputes {
                x = try pass.layer(x) { (x, pass) throws(TensorError) in
                    try layer(x, normed: layer.inputNorm(x, pass), next: next, context, pass).sum
                }
            } else {
                (x, normed) = try layer(x, normed: normed, next: next, context, pass)
            }
        }
        if case .rows = context.sight { pass.cache?.advance(by: x.shape[1]) }
        let output = pass.recomputes ? try lastNorm(x, pass) : normed
        pass.observe?("hidden_\(layers.count)", output)
        return output
    }
}

extension ElementType {
    /// The type of the residual stream where weights are of this type: float32 for float16, which ends at 65,504.
    var ofResidualStream: ElementType { self == .float16 ? .float32 : self }
}
