import JSON

/// What a low-rank adapter is made of, in peft's words.
package struct AdapterConfiguration: Sendable, Equatable {
    /// The rank.
    package var r: Int
    /// Scales the term by `alpha / r`.
    package var loraAlpha: Double
    /// The linear layers that are adapted.
    package var targetModules: TargetModules
    /// The share of inputs dropped in training.
    package var loraDropout: Double
    /// Whether the scale is `alpha / sqrt(r)`.
    package var useRslora: Bool
    /// Whether the adapted matrix keeps a trained length for each row, its direction alone being adapted (DoRA).
    package var useDora = false
    /// Modules that are trained whole and stored with the adapter: those whose path ends in one of these; nil for none.
    package var modulesToSave: [String]?

    /// peft's default layers for Gemma, and its other defaults: rank 8, alpha 8, no dropout.
    package init(
        r: Int = 8, loraAlpha: Double = 8,
        targetModules: TargetModules = .suffixes(Self.usualSuffixes),
        loraDropout: Double = 0, useRslora: Bool = false
    ) {
        self.r = r
        self.loraAlpha = loraAlpha
        self.targetModules = targetModules
        self.loraDropout = loraDropout
        self.useRslora = useRslora
    }

    /// What the term is multiplied by.
    var scaling: Float {
        Float(loraAlpha / (useRslora ? Double(r).squareRoot() : Double(r)))
    }

    /// The ends of paths that reach every linear layer of Gemma.
    package static let usualSuffixes = [
        "q_proj", "o_proj", "k_proj", "v_proj", "gate_proj", "up_proj", "down_proj",
    ]

    /// Reads peft's adapter_config.json.
    ///
    /// - Throws: `ModelError.adapter` for other kinds of adapters, or fields that are not understood.
    init(_ value: JSON, file: String) throws(ModelError) {
        func fail(_ reason: String) -> ModelError { .adapter(reason: "\(file): \(reason)") }
        guard value["peft_type"]?.string == "LORA" else { throw fail("peft_type is not LORA") }
        guard let r = value["r"]?.integer, r > 0 else { throw fail("r is not a whole number above zero") }
        guard let targets = TargetModules(value["target_modules"]) else {
            throw fail("target_modules is neither a list of names nor a regular expression")
        }
        for field in ["fan_in_fan_out", "lora_bias"] where value[field]?.bool == true {
            throw fail("\(field) is true, which is not supported here")
        }
        for field in ["rank_pattern", "alpha_pattern"] where !(value[field]?.object?.keys.isEmpty ?? true) {
            throw fail("\(field) is not empty, which is not supported here")
        }
        self.init(
            r: r, loraAlpha: value["lora_alpha"]?.double ?? 8, targetModules: targets,
            loraDropout: value["lora_dropout"]?.double ?? 0, useRslora: value["use_rslora"]?.bool ?? false)
        useDora = value["use_dora"]?.bool ?? false
        if let saved = value["modules_to_save"]?.array?.compactMap(\.string), !saved.isEmpty { modulesToSave = saved }
    }

    /// peft's adapter_config.json.
    func json(baseModel: String?) -> JSON {
        let base: JSON = baseModel.map { .string($0) } ?? .null
        let saved: JSON = modulesToSave.map { .array($0.map { .string($0) }) } ?? .null
        let alpha: JSON = loraAlpha == loraAlpha.rounded() ? .integer(Int64(loraAlpha)) : .number(loraAlpha)
        return [
            "base_model_name_or_path": base, "bias": "none", "fan_in_fan_out": false,
            "inference_mode": true, "init_lora_weights": true, "lora_alpha": alpha,
            "lora_dropout": .number(loraDropout), "modules_to_save": saved, "peft_type": "LORA",
            "r": .integer(Int64(r)), "target_modules": targetModules.json,
            "task_type": "CAUSAL_LM", "use_dora": .bool(useDora), "use_rslora": .bool(useRslora),
        ]
    }
}
