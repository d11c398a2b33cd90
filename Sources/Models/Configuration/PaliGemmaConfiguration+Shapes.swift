import JSON

/// The published shapes, for models with random weights.
extension PaliGemmaConfiguration {
    /// The shapes that `named(_:)` knows.
    package static let shapeNames = [3, 10, 28].flatMap { size in
        [224, 448, 896].map { "paligemma2-\(size)b-\($0)" }
    }

    /// A published shape such as `paligemma2-3b-448`.
    ///
    /// - Parameters:
    ///   - visionLayers, textLayers: fewer layers than published, for benchmarks of true widths.
    /// - Throws: `ModelError.inputs` for a name that is not in `shapeNames`.
    /// - Source: config.json of google/paligemma2-{3b,10b,28b}-pt-{224,448,896}.
    package static func named(
        _ name: String, visionLayers: Int? = nil, textLayers: Int? = nil
    ) throws(ModelError) -> PaliGemmaConfiguration {
        let parts = name.split(separator: "-")
        guard shapeNames.contains(name), parts.count == 3, let resolution = Int64(parts[2]) else {
            throw .inputs(reason: "no shape is called \"\(name)\"; there are \(shapeNames.joined(separator: ", "))")
        }
        let text = textConfiguration(size: String(parts[1]), layers: textLayers)
        let hidden = text["hidden_size"] ?? 2304
        let tokens = JSON.integer((resolution / 14) * (resolution / 14))
        let vision: JSON = [
            "hidden_size": 1152, "intermediate_size": 4304, "model_type": "siglip_vision_model",
            "image_size": .integer(resolution), "num_attention_heads": 16,
            "num_hidden_layers": .integer(Int64(visionLayers ?? 27)), "num_image_tokens": tokens, "patch_size": 14,
            "projection_dim": hidden, "torch_dtype": "bfloat16", "vision_use_head": false,
        ]
        let whole: JSON = [
            "architectures": ["PaliGemmaForConditionalGeneration"], "bos_token_id": 2, "eos_token_id": 1,
            "hidden_size": hidden, "image_token_index": 257_152, "model_type": "paligemma", "pad_token_id": 0,
            "projection_dim": hidden, "text_config": text, "torch_dtype": "bfloat16",
            "transformers_version": "4.47.0", "vision_config": vision,
        ]
        return try PaliGemmaConfiguration(whole, file: name)
    }

    private static func textConfiguration(size: String, layers: Int?) -> JSON {
        let (hidden, intermediate, depth, heads, groups, dimension, scalar):
            (Int64, Int64, Int64, Int64, Int64, Int64, Int64)
        switch size {
        case "10b": (hidden, intermediate, depth, heads, groups, dimension, scalar) = (3584, 14336, 42, 16, 8, 256, 256)
        case "28b":
            (hidden, intermediate, depth, heads, groups, dimension, scalar) = (4608, 36864, 46, 32, 16, 128, 144)
        default: (hidden, intermediate, depth, heads, groups, dimension, scalar) = (2304, 9216, 26, 8, 4, 256, 256)
        }
        return [
            "architectures": ["Gemma2ForCausalLM"], "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
            "head_dim": .integer(dimension), "hidden_activation": "gelu_pytorch_tanh", "hidden_size": .integer(hidden),
            "intermediate_size": .integer(intermediate), "model_type": "gemma2",
            "num_attention_heads": .integer(heads), "num_hidden_layers": .integer(layers.map(Int64.init) ?? depth),
            "num_key_value_heads": .integer(groups), "query_pre_attn_scalar": .integer(scalar),
            "rms_norm_eps": 1e-06, "rope_theta": 10000.0, "sliding_window": 4096, "tie_word_embeddings": true,
            "torch_dtype": "bfloat16", "vocab_size": 257_216,
        ]
    }
}
