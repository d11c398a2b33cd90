import Checkpoints
import Tensors

/// PaliGemma: a SigLIP vision tower, a projector, and a Gemma decoder that reads image features and text as one sequence.
///
/// Image and prefix see each other in both directions; the suffix is causal.
/// - Source: Steiner et al., "PaliGemma 2", 2024; docs/numerics.md.
package final class PaliGemma {
    /// The shape, as config.json says.
    package let configuration: PaliGemmaConfiguration
    /// The type that layers compute with.
    package let elementType: ElementType
    /// The device.
    package let backend: any Backend
    /// Choices between readings of the checkpoint.
    package var options = ModelOptions()
    /// How linear layers are quantized, if they are.
    package internal(set) var quantization: QuantizationConfiguration?
    /// The adapter in place, if any.
    package internal(set) var adapter: AdapterConfiguration?

    let tree: ModelTree
    let tower: SigLIPVisionTower
    let projector: Linear
    let decoder: GemmaDecoder

    /// Whether products are in float16, where small gradients vanish unless the loss is scaled.
    package var computesInFloat16: Bool { elementType == .float16 || quantization?.computeType == .float16 }

    /// All weights, adapters included.
    package var parameters: ParameterStore { tree.store }

    /// The places of the linear layers, which adapters can target.
    package var linearPaths: [String] { tree.linears.map(\.path) }

    /// A model whose weights come from a source.
    package init(
        _ configuration: PaliGemmaConfiguration, source: any ParameterSource, elementType: ElementType,
        quantization: QuantizationConfiguration? = nil, backend: any Backend
    ) throws(ModelError) {
        try modelErrors { () throws(TensorError) in
            try backend.requireComputing(in: elementType)
            if let type = quantization?.computeType { try backend.requireComputing(in: type) }
        }
        self.configuration = configuration
        self.quantization = quantization
        self.elementType = elementType
        self.backend = backend
        tree = ModelTree()
        let quantizing = quantization.map { QuantizingSource(base: source, configuration: $0, backend: backend) }
        let root = ParameterScope(source: quantizing ?? source, tree: tree)
        tower = try SigLIPVisionTower(root / "vision_tower" / "vision_model", configuration.vision)
        projector = try Linear(
            root / "multi_modal_projector" / "linear", from: configuration.vision.hiddenSize,
            to: configuration.text.hiddenSize, hasBias: true)
        decoder = try GemmaDecoder(root / "language_model" / "model", configuration.text)
        for linear in tree.linears { linear.computeType = quantization?.computeType }
    }

    /// Opens the checkpoint in a folder: weights are mapped, and copied only where `elementType` is not the stored type.
    ///
    /// - Parameters:
    ///   - quantization: puts linear layers into 4 bits on the way, one at a time; a checkpoint that is in 4 bits
    ///     stays so, and says itself how.
    ///   - imageSize: the side of pictures in pixels, where it is not the checkpoint's; position embeddings are then
    ///     interpolated.
    ///   - interpolation: how they are.
    /// - Throws: `ModelError` for a missing, unknown or misshapen tensor, an unknown model type, a damaged file.
    package convenience init(
        folder: String, elementType: ElementType, quantization: QuantizationConfiguration? = nil,
        imageSize: Int? = nil, interpolation: PositionInterpolation = .bicubic, backend: any Backend
    ) throws(ModelError) {
        let configuration = try PaliGemmaConfiguration(folder: folder)
        let resized = try imageSize.map { (side) throws(ModelError) in try configuration.resized(toImageSize: side) }
        let checkpoint = try checkpointErrors { () throws(CheckpointError) in try Checkpoint(folder: folder) }
        let stored = try QuantizationConfiguration(
            configuration.source["quantization_config"], file: folder + "/config.json")
        let weights = CheckpointSource(checkpoint: checkpoint, elementType: elementType, backend: backend)
        try self.init(
            resized ?? configuration,
            source: ResizedSource(
                base: weights, side: configuration.vision.imageSize / configuration.vision.patchSize,
                interpolation: interpolation, backend: backend),
            elementType: elementType, quantization: stored ?? quantization, backend: backend)
        let unknown = CheckpointSource.unknownNames(in: checkpoint, known: parameters)
        guard unknown.isEmpty else {
            throw .unknownTensors(names: unknown, source: CheckpointSource.listing(of: checkpoint))
        }
        try CheckpointSource.checkTiedHead(of: checkpoint, embedding: decoder.table.name)
    }

    /// A model with random weights.
    package convenience init(
        random configuration: PaliGemmaConfiguration, seed: UInt64, elementType: ElementType,
        quantization: QuantizationConfiguration? = nil, backend: any Backend
    ) throws(ModelError) {
        try self.init(
            configuration, source: RandomSource(seed: seed, elementType: elementType, backend: backend),
            elementType: elementType, quantization: quantization, backend: backend)
    }

    /// A model at the beginning of its training from nothing.
    ///
    /// - Parameter locationIDs: the ids of locations, whose embeddings begin as neighbours.
    package convenience init(
        untrained configuration: PaliGemmaConfiguration, locationIDs: Range<Int>, seed: UInt64,
        elementType: ElementType, backend: any Backend
    ) throws(ModelError) {
        try self.init(
            configuration,
            source: UntrainedSource(
                seed: seed, locationIDs: locationIDs, elementType: elementType, backend: backend),
            elementType: elementType, backend: backend)
    }

    /// Whether vision tower and projector are frozen and carry no adapter: then features depend on pixels alone.
    package var hasFixedImageFeatures: Bool {
        !parameters.trainable.contains { Self.isImagePath($0.name) }
            && !tree.linears.contains { $0.adapter != nil && Self.isImagePath($0.path) }
    }

    /// The memory of vision tower and projector; the same objects as long as nobody puts other weights in place.
    package var imageStorages: [any Storage] {
        parameters.parameters.filter { Self.isImagePath($0.name) }.map(\.value.storage)
    }

    private static func isImagePath(_ name: String) -> Bool {
        name.hasPrefix("vision_tower.") || name.hasPrefix("multi_modal_projector.")
    }
}
