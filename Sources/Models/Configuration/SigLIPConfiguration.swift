/// The shape of a SigLIP vision tower: `vision_config` of a config.json.
package struct SigLIPConfiguration: Sendable, Equatable {
    package var hiddenSize: Int
    package var intermediateSize: Int
    package var layerCount: Int
    package var headCount: Int
    /// The side of the square picture, in pixels.
    package var imageSize: Int
    /// The side of a patch, in pixels.
    package var patchSize: Int
    package var normEpsilon: Double

    /// How many patches, and so image tokens, a picture has.
    package var patchCount: Int { (imageSize / patchSize) * (imageSize / patchSize) }

    /// Reads `vision_config`; absent fields have the defaults of transformers' `SiglipVisionConfig`.
    init(_ reader: ConfigurationReader) throws(ModelError) {
        let type = try reader.text("model_type", default: "siglip_vision_model")
        guard type == "siglip_vision_model" else {
            throw .unknownModelType(
                file: "\(reader.file): \(reader.place)", found: type, known: ["siglip_vision_model"])
        }
        hiddenSize = try reader.count("hidden_size", default: 768)
        intermediateSize = try reader.count("intermediate_size", default: 3072)
        layerCount = try reader.count("num_hidden_layers", default: 12)
        headCount = try reader.count("num_attention_heads", default: 12)
        imageSize = try reader.count("image_size", default: 224)
        patchSize = try reader.count("patch_size", default: 16)
        normEpsilon = try reader.real("layer_norm_eps", default: 1e-6)
        guard hiddenSize % headCount == 0 else {
            throw reader.failure("hidden_size", "is \(hiddenSize), no multiple of the \(headCount) heads")
        }
        guard imageSize % patchSize == 0 else {
            throw reader.failure("image_size", "is \(imageSize), no multiple of the patch size \(patchSize)")
        }
        let activation = try reader.text("hidden_act", default: "gelu_pytorch_tanh")
        guard activation == "gelu_pytorch_tanh" else {
            throw reader.failure("hidden_act", "is \"\(activation)\", expected \"gelu_pytorch_tanh\"")
        }
    }
}
