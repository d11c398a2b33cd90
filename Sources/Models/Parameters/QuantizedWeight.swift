import JSON
import Tensors

/// A frozen matrix of a model in 4 bits.
package final class QuantizedWeight {
    /// The name in a checkpoint.
    package let name: String
    /// The values.
    package let matrix: NF4Matrix

    init(name: String, matrix: NF4Matrix) {
        self.name = name
        self.matrix = matrix
    }

    /// The number of elements.
    package var count: Int { matrix.count }
}

/// The values of a linear layer's matrix, as a source gives them.
package enum MatrixValues {
    case dense(Tensor)
    case nf4(NF4Matrix)
}

/// How linear layers are quantized, in the words of `BitsAndBytesConfig`.
package struct QuantizationConfiguration: Sendable, Equatable {
    /// Whether the scales of blocks are quantized too.
    package var useDoubleQuant = true
    /// Modules that stay as they are: a path, or a part of one that a dot ends; nil for the reference's default, which
    /// quantizes every linear layer of vision tower, projector and language model, and never head or embedding.
    package var skipModules: [String]?
    /// The type that quantized layers compute with; nil for that of the model.
    package var computeType: ElementType?

    /// Double quantization of every linear layer.
    package init() {}

    /// Whether the layer at `path` stays as it is, by transformers' rule.
    func skips(_ path: String) -> Bool {
        (skipModules ?? []).contains { path == $0 || path.contains($0 + ".") }
    }

    /// The names that transformers must be told, so that it leaves the same layers and the head alone.
    private var storedSkipModules: JSON {
        skipModules.map { .array(($0 + ["lm_head", "language_model.lm_head"]).map { .string($0) }) } ?? .null
    }

    /// `quantization_config` of config.json.
    func json(elementType: ElementType) -> JSON {
        [
            "_load_in_4bit": true, "_load_in_8bit": false,
            "bnb_4bit_compute_dtype": .string((computeType ?? elementType).name), "bnb_4bit_quant_storage": "uint8",
            "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": .bool(useDoubleQuant),
            "llm_int8_enable_fp32_cpu_offload": false, "llm_int8_has_fp16_weight": false,
            "llm_int8_skip_modules": storedSkipModules, "llm_int8_threshold": 6.0, "load_in_4bit": true,
            "load_in_8bit": false, "quant_method": "bitsandbytes",
        ]
    }

    /// Reads `quantization_config`; nil where there is none.
    ///
    /// - Throws: `ModelError.configuration` for another method or type of quantization.
    init?(_ value: JSON?, file: String) throws(ModelError) {
        guard let value, value.object != nil else { return nil }
        func fail(_ reason: String) -> ModelError {
            .configuration(file: file, reason: "quantization_config: \(reason)")
        }
        guard value["quant_method"]?.string == "bitsandbytes", value["load_in_4bit"]?.bool == true else {
            throw fail("only bitsandbytes in 4 bits is supported")
        }
        guard value["bnb_4bit_quant_type"]?.string == "nf4" else {
            throw fail("bnb_4bit_quant_type is not nf4; fp4 is not supported")
        }
        useDoubleQuant = value["bnb_4bit_use_double_quant"]?.bool ?? false
        if let names = value["llm_int8_skip_modules"]?.array?.compactMap(\.string) {
            skipModules = names.filter { !$0.hasSuffix("lm_head") }
        }
        computeType = value["bnb_4bit_compute_dtype"]?.string == "bfloat16" ? .bfloat16 : nil
    }
}
