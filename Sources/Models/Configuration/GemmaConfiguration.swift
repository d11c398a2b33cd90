/// The shape of a Gemma or Gemma 2 language model: `text_config` of a config.json.
package struct GemmaConfiguration: Sendable, Equatable {
    /// Which of the two architectures.
    package enum Family: String, Sendable, CaseIterable {
        /// Two norms a layer, no soft-caps: PaliGemma 1.
        case gemma
        /// Four norms a layer, soft-caps, sliding windows: PaliGemma 2.
        case gemma2
    }

    package var family: Family
    package var vocabularySize: Int
    package var hiddenSize: Int
    package var intermediateSize: Int
    package var layerCount: Int
    package var headCount: Int
    package var keyValueHeadCount: Int
    package var headDimension: Int
    /// Scores are multiplied by this to the power of -0.5.
    package var queryScalar: Double
    package var attentionSoftCap: Double?
    package var finalSoftCap: Double?
    /// How far back the even layers see, in tokens.
    package var slidingWindow: Int?
    package var ropeTheta: Double
    package var normEpsilon: Double
    package var paddingID: Int?

    /// Reads `text_config`; absent fields have the defaults of transformers' `GemmaConfig` and `Gemma2Config`.
    init(_ reader: ConfigurationReader) throws(ModelError) {
        let type = try reader.text("model_type", default: "gemma")
        guard let family = Family(rawValue: type) else {
            throw .unknownModelType(
                file: "\(reader.file): \(reader.place)", found: type, known: Family.allCases.map(\.rawValue))
        }
        self.family = family
        let isSecond = family == .gemma2
        vocabularySize = try reader.count("vocab_size", default: 256_000)
        hiddenSize = try reader.count("hidden_size", default: isSecond ? 2304 : 3072)
        intermediateSize = try reader.count("intermediate_size", default: isSecond ? 9216 : 24576)
        layerCount = try reader.count("num_hidden_layers", default: isSecond ? 26 : 28)
        headCount = try reader.count("num_attention_heads", default: isSecond ? 8 : 16)
        keyValueHeadCount = try reader.count("num_key_value_heads", default: isSecond ? 4 : 16)
        headDimension = try reader.count("head_dim", default: 256)
        queryScalar = try reader.real(
            "query_pre_attn_scalar", default: isSecond ? 256 : Double(try reader.count("head_dim", default: 256)))
        attentionSoftCap = isSecond ? try reader.optionalReal("attn_logit_softcapping", default: 50) : nil
        finalSoftCap = isSecond ? try reader.optionalReal("final_logit_softcapping", default: 30) : nil
        slidingWindow = isSecond ? try reader.optionalIndex("sliding_window") ?? 4096 : nil
        ropeTheta = try Self.theta(reader)
        normEpsilon = try reader.real("rms_norm_eps", default: 1e-6)
        paddingID = try reader.optionalIndex("pad_token_id") ?? 0
        try check(reader)
    }

    /// `rope_theta`, or the place where transformers 5 writes it.
    private static func theta(_ reader: ConfigurationReader) throws(ModelError) -> Double {
        if let parameters = reader.object["rope_parameters"], parameters.object != nil {
            let nested = try ConfigurationReader(parameters, file: reader.file, place: "rope_parameters")
            let type = try nested.text("rope_type", default: "default")
            guard type == "default" else { throw nested.failure("rope_type", "is \"\(type)\", expected \"default\"") }
            return try nested.real("rope_theta", default: 10_000)
        }
        return try reader.real("rope_theta", default: 10_000)
    }

    private func check(_ reader: ConfigurationReader) throws(ModelError) {
        guard headCount % keyValueHeadCount == 0 else {
            throw reader.failure(
                "num_attention_heads", "is \(headCount), no multiple of the \(keyValueHeadCount) key heads")
        }
        guard headDimension % 2 == 0 else { throw reader.failure("head_dim", "is \(headDimension), an odd number") }
        guard queryScalar > 0 else { throw reader.failure("query_pre_attn_scalar", "is not above zero") }
        let name = family == .gemma2 ? "hidden_activation" : "hidden_act"
        let activation = try reader.text(name, default: "gelu_pytorch_tanh")
        // The first Gemma's "gelu" stands for the tanh form, by which it was trained; the reference reads it so.
        guard activation == "gelu_pytorch_tanh" || family == .gemma && activation == "gelu" else {
            throw reader.failure(name, "is \"\(activation)\", expected \"gelu_pytorch_tanh\"")
        }
    }
}
