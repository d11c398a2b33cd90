import Tensors

/// The vision tower: pictures in, one feature vector for each patch out.
///
/// - Source: Zhai et al., "Sigmoid loss for language image pre-training", 2023.
struct SigLIPVisionTower {
    private let patchWeight: Parameter
    private let patchBias: Parameter
    private let positions: Parameter
    private let layers: [SigLIPLayer]
    private let lastNorm: LayerNorm
    private let configuration: SigLIPConfiguration

    init(_ scope: ParameterScope, _ configuration: SigLIPConfiguration) throws(ModelError) {
        let embeddings = scope / "embeddings"
        let (size, patch) = (configuration.hiddenSize, configuration.patchSize)
        patchWeight = try (embeddings / "patch_embedding").parameter("weight", [size, 3, patch, patch])
        patchBias = try (embeddings / "patch_embedding").parameter("bias", [size])
        positions = try (embeddings / "position_embedding").parameter("weight", [configuration.patchCount, size])
        var layers: [SigLIPLayer] = []
        for i in 0..<configuration.layerCount {
            layers.append(try SigLIPLayer(scope / "encoder" / "layers" / i, configuration))
        }
        self.layers = layers
        lastNorm = try LayerNorm(scope / "post_layernorm", size: size, epsilon: configuration.normEpsilon)
        self.configuration = configuration
    }

    /// - Parameter pixels: float32 `[B, 3, S, S]`, normalized; or bytes `[B, S, S, 3]`.
    /// - Returns: `[B, N, D]` in the type of the weights.
    func callAsFunction(_ pixels: Tensor, _ pass: Pass) throws(TensorError) -> Tensor {
        let (size, side) = (configuration.hiddenSize, configuration.imageSize)
        let sides = pixels.elementType == .uint8 ? pixels.shape.dropFirst().prefix(2) : pixels.shape.dropFirst(2)
        guard pixels.shape.count == 4, sides.allSatisfy({ $0 == side }) else {
            throw .shapeMismatch(operation: "vision tower", pixels.shape, [pixels.shape.first ?? 1, 3, side, side])
        }
        let patches = try pixels.patches(of: configuration.patchSize, as: patchWeight.value.elementType)
        let weight = try pass(patchWeight).reshaped(to: [size, patches.columns])
        var x = try patches.linear(weight: weight, bias: pass(patchBias))
            .reshaped(to: [pixels.shape[0], configuration.patchCount, size])
            .adding(pass(positions))
        pass.observe?("vision_hidden_0", x)
        for (i, layer) in layers.enumerated() {
            x = try pass.layer(x) { (x, pass) throws(TensorError) in try layer(x, pass) }
            pass.observe?("vision_hidden_\(i + 1)", x)
        }
        x = try lastNorm(x, pass)
        pass.observe?("vision_last_hidden", x)
        return x
    }
}
