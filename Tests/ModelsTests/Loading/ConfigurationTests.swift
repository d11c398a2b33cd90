import CPUBackend
import Checkpoints
import JSON
import Models
import Tensors
import TestSupport
import Testing

@Suite("A config.json says the same in both releases' hands, or what is wrong with it")
struct ConfigurationTests {
    @Test(
        "what either release saves reads as what it loaded", arguments: ["pg2-tiny", "pg1-tiny"], ["newest", "period"])
    func releases(_ model: String, _ version: String) throws {
        var original = try PaliGemmaConfiguration(folder: Fixture.path("models/\(model)"))
        let file = Fixture.path("models/\(model)-\(version)-config.json")
        let bytes = try MappedFile(path: file)
        var saved = try PaliGemmaConfiguration(JSON(parsing: bytes.withBytes { Array($0) }, name: file), file: file)
        original.source = JSONObject()
        saved.source = JSONObject()
        #expect(saved == original)
    }

    @Test("the tiny models' sizes are read from the text configuration, not from the wrong ones above it")
    func sizes() throws {
        let configuration = try PaliGemmaConfiguration(folder: Fixture.path("models/pg2-tiny"))
        #expect(configuration.text.hiddenSize == 40 && configuration.text.vocabularySize == 256)
        #expect(configuration.text.family == .gemma2 && configuration.text.queryScalar == 12)
        #expect(configuration.text.attentionSoftCap == 4 && configuration.text.finalSoftCap == 8)
        #expect(configuration.text.slidingWindow == 6 && configuration.text.ropeTheta == 1000)
        #expect(configuration.vision.patchCount == 9 && configuration.imageTokenID == 240)
        let first = try PaliGemmaConfiguration(folder: Fixture.path("models/pg1-tiny")).text
        #expect(first.family == .gemma && first.queryScalar == 16 && first.slidingWindow == nil)
        #expect(first.attentionSoftCap == nil && first.finalSoftCap == nil)
    }

    @Test("fields that are left out have the defaults of the reference's classes")
    func defaults() throws {
        let json: JSON = [
            "model_type": "paligemma", "vocab_size": 257_152, "image_token_index": 7,
            "text_config": ["model_type": "gemma2"],
            "vision_config": ["hidden_size": 1152, "num_attention_heads": 16, "patch_size": 14],
        ]
        let configuration = try PaliGemmaConfiguration(json, file: "config.json")
        let text = configuration.text
        #expect([text.hiddenSize, text.intermediateSize, text.layerCount] == [2304, 9216, 26])
        #expect([text.headCount, text.keyValueHeadCount, text.headDimension] == [8, 4, 256])
        #expect(text.vocabularySize == 256_000 && text.queryScalar == 256 && text.slidingWindow == 4096)
        #expect(text.attentionSoftCap == 50 && text.finalSoftCap == 30 && text.normEpsilon == 1e-6)
        #expect(configuration.vision.imageSize == 224 && configuration.vision.layerCount == 12)
        #expect([configuration.padID, configuration.endID, configuration.beginningID] == [0, 1, 2])
    }

    /// A change to the text of a sound config.json, and what the error must name.
    struct Change: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let old: String
        let new: String
        let names: [String]
    }

    static let changes = [
        Change(
            testDescription: "another model type", old: #""model_type": "paligemma""#, new: #""model_type": "llava""#,
            names: ["llava", "paligemma"]),
        Change(
            testDescription: "another text model", old: #""model_type": "gemma2""#, new: #""model_type": "llama""#,
            names: ["text_config", "llama", "gemma, gemma2"]),
        Change(
            testDescription: "another vision model", old: #""model_type": "siglip_vision_model""#,
            new: #""model_type": "clip""#, names: ["vision_config", "clip", "siglip_vision_model"]),
        Change(
            testDescription: "a size that is text", old: #""head_dim": 8"#, new: #""head_dim": "8""#,
            names: ["text_config.head_dim", "a string", "a whole number above zero"]),
        Change(
            testDescription: "a size of zero", old: #""num_hidden_layers": 4"#, new: #""num_hidden_layers": 0"#,
            names: ["text_config.num_hidden_layers", "above zero"]),
        Change(
            testDescription: "a size beyond reason", old: #""num_hidden_layers": 4"#,
            new: #""num_hidden_layers": 99999999999999"#, names: ["text_config.num_hidden_layers"]),
        Change(
            testDescription: "an odd head", old: #""head_dim": 8"#, new: #""head_dim": 7"#,
            names: ["text_config.head_dim", "odd"]),
        Change(
            testDescription: "heads that do not group", old: #""num_key_value_heads": 2"#,
            new: #""num_key_value_heads": 3"#, names: ["text_config.num_attention_heads", "3 key heads"]),
        Change(
            testDescription: "a picture of broken patches", old: #""image_size": 42"#, new: #""image_size": 43"#,
            names: ["vision_config.image_size", "43", "14"]),
        Change(
            testDescription: "an image token outside the vocabulary", old: #""image_token_index": 240"#,
            new: #""image_token_index": 256"#, names: ["image_token_index", "256"]),
        Change(
            testDescription: "another activation", old: #""hidden_activation": "gelu_pytorch_tanh""#,
            new: #""hidden_activation": "relu""#, names: ["text_config.hidden_activation", "relu"]),
        Change(testDescription: "no object", old: "{", new: "[", names: []),
    ]

    @Test("one sentence names the file and the field", arguments: changes)
    func broken(_ change: Change) throws {
        let folder = try EditedCheckpoint(configuration: { text in
            #expect(text.contains(change.old))
            return text.replacing(change.old, with: change.new, maxReplacements: 1)
        })
        let message = try folder.failure(on: CPUBackend())
        for name in ["config.json"] + change.names {
            #expect(message.contains(name), "\"\(message)\" does not say \(name)")
        }
    }

    @Test("a truncated or missing config.json is named")
    func truncated() throws {
        let folder = try EditedCheckpoint(configuration: { String($0.prefix(100)) })
        #expect(try folder.failure(on: CPUBackend()).contains("config.json"))
        let empty = try ScratchFolder()
        #expect(throws: ModelError.self) { try PaliGemmaConfiguration(folder: empty.path) }
    }

    @Test("published shapes have the reference's numbers of weights")
    func shapes() throws {
        // Counted by transformers 4.47.0 (torch 2.5.1) in models of these sizes on the meta device, the head tied.
        let backend = try CPUBackend()
        for (name, count) in [
            ("paligemma2-3b-448", 3_033_127_152), ("paligemma2-10b-448", 9_663_523_568),
            ("paligemma2-28b-448", 27_651_371_760),
        ] {
            let outline = try PaliGemma(outlining: .named(name), elementType: .bfloat16, backend: backend)
            #expect(outline.parameters.elementCount == count, "\(name) has \(outline.parameters.elementCount)")
        }
        #expect(throws: ModelError.self) { try PaliGemmaConfiguration.named("paligemma3-3b-448") }
    }
}
