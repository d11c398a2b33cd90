import CPUBackend
import Foundation
import Images
import JSON
import Models
import TestSupport

/// A folder with a model of two layers (`tiny`), the sample's tokenizer, and four pictures (`cards`): enough to train on in
/// a blink.
struct TinyFolder {
    let folder: ScratchFolder

    var path: String { folder.path }

    init() throws {
        folder = try ScratchFolder()
        let files = FileManager.default
        try files.createDirectory(atPath: "\(folder.path)/tiny", withIntermediateDirectories: true)
        let sample = Folders.samples.appendingPathComponent("tiny-paligemma2").path
        for name in ["tokenizer.json", "tokenizer.model", "tokenizer_config.json", "added_tokens.json"]
        where files.fileExists(atPath: "\(sample)/\(name)") {
            try files.copyItem(atPath: "\(sample)/\(name)", toPath: "\(folder.path)/tiny/\(name)")
        }
        let configuration = try Self.configuration(like: PaliGemmaConfiguration(folder: sample))
        let model = try PaliGemma(random: configuration, seed: 1, elementType: .float32, backend: CPUBackend())
        try model.save(folder: "\(folder.path)/tiny")
        try writeCards()
    }

    private func writeCards() throws {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/cards", withIntermediateDirectories: true)
        var rows = ""
        for i in 0..<4 {
            let pixels = (0..<20 * 16 * 3).map { UInt8(truncatingIfNeeded: $0 * (7 + 4 * i)) }
            try ImageBuffer(width: 20, height: 16, pixels: pixels).write(toPNG: "\(folder.path)/cards/\(i).png")
            rows += """
                {"image": "\(i).png", "prefix": "detect card", \
                "suffix": "<loc0100><loc0200><loc0\(300 + i)><loc0400> card"}\n
                """
        }
        try folder.write(rows.utf8, to: "cards/_annotations.train.jsonl")
    }

    private static func configuration(like sample: PaliGemmaConfiguration) throws -> PaliGemmaConfiguration {
        let json: JSON = [
            "model_type": "paligemma", "image_token_index": .integer(Int64(sample.imageTokenID)),
            "pad_token_id": .integer(Int64(sample.padID)), "eos_token_id": .integer(Int64(sample.endID)),
            "bos_token_id": .integer(Int64(sample.beginningID)),
            "text_config": [
                "model_type": "gemma2", "vocab_size": .integer(Int64(sample.text.vocabularySize)), "hidden_size": 16,
                "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
                "head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 6,
            ],
            "vision_config": [
                "model_type": "siglip_vision_model", "hidden_size": 12, "intermediate_size": 20,
                "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 28, "patch_size": 14,
            ],
        ]
        return try PaliGemmaConfiguration(json, file: "config.json")
    }
}
