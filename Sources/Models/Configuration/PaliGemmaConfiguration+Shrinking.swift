import JSON

extension PaliGemmaConfiguration {
    /// The same model with fewer layers and narrower ones, to try things out.
    ///
    /// - Parameters:
    ///   - hiddenSize: of vision tower and decoder; heads become a quarter of it wide, feed-forward layers three times as wide.
    ///   - layers: of the tower and of the decoder; nil leaves them.
    /// - Throws: `ModelError.configuration` for a size that is no multiple of 8 times the heads of the tower.
    package func shrunk(hiddenSize: Int? = nil, layers: Int? = nil) throws(ModelError) -> PaliGemmaConfiguration {
        var (whole, text, vision) = (source, JSONObject(), JSONObject())
        if let object = source["text_config"]?.object { text = object }
        if let object = source["vision_config"]?.object { vision = object }
        if let layers {
            text["num_hidden_layers"] = .integer(Int64(layers))
            vision["num_hidden_layers"] = .integer(Int64(layers))
        }
        if let hiddenSize {
            guard (8...8192).contains(hiddenSize), hiddenSize % 8 == 0, hiddenSize % Self.headCount(of: vision) == 0
            else {
                throw .inputs(
                    reason:
                        "a hidden size of \(hiddenSize) is not from 8 to 8192, or no multiple of 8 and of the tower's heads"
                )
            }
            let (size, head) = (JSON.integer(Int64(hiddenSize)), JSON.integer(Int64(hiddenSize / 4)))
            for key in ["hidden_size", "projection_dim"] { whole[key] = size }
            text["hidden_size"] = size
            (text["head_dim"], text["query_pre_attn_scalar"]) = (head, head)
            text["intermediate_size"] = .integer(Int64(3 * hiddenSize))
            (vision["hidden_size"], vision["projection_dim"]) = (size, size)
            vision["intermediate_size"] = .integer(Int64(3 * hiddenSize))
        }
        (whole["text_config"], whole["vision_config"]) = (.object(text), .object(vision))
        return try PaliGemmaConfiguration(.object(whole), file: "config.json")
    }

    private static func headCount(of vision: JSONObject) -> Int { vision["num_attention_heads"]?.integer ?? 1 }
}
