import Checkpoints
import Foundation
import Images
import JSON
import Models
import Tensors
import TestSupport
import Testing

/// A processor with the sample's tokenizer, pictures of 28 px and 4 image tokens, as
/// `Tests/Reference/processor/make_processor.py` has it.
struct SmallProcessor {
    private let folder: ScratchFolder
    let processor: PaliGemmaProcessor

    init(preprocessor: String? = nil) throws {
        let sample = Folders.samples.appendingPathComponent("tiny-paligemma2").path
        folder = try ScratchFolder()
        for name in ["tokenizer.json", "tokenizer.model", "tokenizer_config.json", "added_tokens.json"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/\(name)", withDestinationPath: "\(sample)/\(name)")
        }
        if let preprocessor {
            try preprocessor.write(
                toFile: folder.path + "/preprocessor_config.json", atomically: true, encoding: .utf8)
        }
        var configuration = try PaliGemmaConfiguration(folder: sample)
        (configuration.vision.imageSize, configuration.vision.patchSize) = (28, 14)
        processor = try PaliGemmaProcessor(folder: folder.path, configuration: configuration)
    }
}

extension PaliGemmaProcessor.PaddingSide: Decodable {}

@Suite("The processor gives the reference's rows and pixels")
struct ProcessorTests {
    /// One call of the reference, as `fixtures/processor/tokens-VERSION.json` holds it.
    struct Case: Decodable, CustomTestStringConvertible, Sendable {
        struct Output: Decodable, Sendable {
            let ids: [[Int32]]
            let mask: [[Int32]]
            let types: [[Int32]]?
            let labels: [[Int32]]?

            enum CodingKeys: String, CodingKey {
                case ids = "input_ids"
                case mask = "attention_mask"
                case types = "token_type_ids"
                case labels
            }
        }
        let `case`: String
        let text: [String]
        let suffix: [String]?
        let side: PaliGemmaProcessor.PaddingSide?
        let output: Output

        enum CodingKeys: String, CodingKey {
            case `case`, text, suffix, output
            case side = "padding_side"
        }

        var testDescription: String { `case` }

        static func all(_ version: String) -> [Case] {
            let path = Fixture.path("processor/tokens-\(version).json")
            guard let data = FileManager.default.contents(atPath: path),
                let cases = try? JSONDecoder().decode([Case].self, from: data)
            else {
                Issue.record("\(path) cannot be read")
                return []
            }
            return cases
        }
    }

    @Test("ids, masks, types and labels are equal", arguments: Case.all("newest"))
    func newest(_ fixture: Case) throws { try expectRows(fixture, .newest) }

    /// Release 4.47 ends the answer with `<eos>` where it adds `<image>` itself; compatibility leaves it out everywhere,
    /// since the notebook's texts hold `<image>`.
    @Test(
        "under hf-4.47.0 they are that release's for texts that hold <image>",
        arguments: Case.all("period").filter { $0.suffix == nil || $0.text.allSatisfy { $0.contains("<image>") } })
    func period(_ fixture: Case) throws { try expectRows(fixture, .period) }

    private func expectRows(_ fixture: Case, _ compatibility: PaliGemmaProcessor.Compatibility) throws {
        var processor = try SmallProcessor().processor
        processor.compatibility = compatibility
        let batch = try processor.batch(
            prefixes: fixture.text, suffixes: fixture.suffix,
            paddingSide: fixture.side ?? .left)
        let expected = fixture.output
        #expect(batch.ids == expected.ids.flatMap { $0 })
        #expect(batch.attends == expected.mask.flatMap { $0 }.map { $0 != 0 })
        // 4.47 gives token types with a suffix only; ours are always there.
        if let types = expected.types { #expect(batch.types == types.flatMap { $0 }) }
        // Newest gives labels that are all ignored where there is no suffix; ours are absent then.
        if fixture.suffix == nil {
            #expect(batch.labels == nil)
            #expect(expected.labels.map { $0.allSatisfy { $0.allSatisfy { $0 == -100 } } } ?? true)
        } else {
            #expect(batch.labels == expected.labels?.flatMap { $0 })
        }
    }

    @Test("the fixtures hold single rows, batches and both paddings")
    func coverage() {
        #expect(Case.all("newest").count == 21 && Case.all("period").count == 21)
    }

    @Test(
        "pixels are equal to a rounding of float32", arguments: ["newest", "period"],
        ["png/28", "png/56", "jpeg/28", "jpeg/56"])
    func pixels(_ version: String, _ name: String) throws {
        let file = try SafetensorsFile(path: Fixture.path("processor/pixels-\(version).safetensors"))
        let parts = name.split(separator: "/")
        let photo = Fixture.path("processor/photo.\(parts[0] == "jpeg" ? "jpg" : "png")")
        let settings = PixelSettings(imageSize: try #require(Int(parts[1])))
        let values = settings.values(of: try ImageBuffer(contentsOf: photo, exif: .ignore))
        expectClose(values, try file.floats(name), absolute: 1.2e-7, name)
    }

    @Test("the text of an answer leaves out what ends it")
    func text() throws {
        let processor = try SmallProcessor().processor
        let suffix = "<loc0100><loc0200><loc0300><loc0400> card"
        #expect(processor.text(of: processor.suffixIDs(suffix) + [0, 0]) == suffix)
    }

    @Test("answers that do not go with the prompts, and no prompt at all, are errors")
    func mismatch() throws {
        let processor = try SmallProcessor().processor
        #expect(throws: ModelError.self) { try processor.batch(prefixes: ["a", "b"], suffixes: ["c"]) }
        #expect(throws: ModelError.self) { try processor.batch(prefixes: []) }
    }

    @Test(
        "a preprocessor_config.json that does not fit names file and field",
        arguments: [
            (#"{"size": {"height": 56, "width": 56}}"#, "size is 56"), (#"{"resample": 9}"#, "resample is 9"),
            (#"{"image_mean": [0.5, 0.5]}"#, "image_mean"), (#"{"image_std": [0.5, 0.5, 0]}"#, "image_std"),
            (#"{"resample": "#, "preprocessor_config.json"), ("", "empty"),
        ])
    func preprocessor(_ text: String, _ expected: String) throws {
        let error = #expect(throws: ModelError.self) { try SmallProcessor(preprocessor: text) }
        let message = try #require(error).description
        #expect(message.contains("preprocessor_config.json") && message.contains(expected), "\(message)")
    }

    @Test("a preprocessor_config.json decides filter and numbers")
    func settings() throws {
        let processor = try SmallProcessor(
            preprocessor: #"{"resample": 2, "image_mean": [0, 0, 0], "image_std": [1, 1, 1], "size": {"height": 28}}"#
        ).processor
        #expect(processor.pixels.filter == .bilinear)
        let white = ImageBuffer(width: 2, height: 2, fill: Color(red: 255, green: 255, blue: 255))
        #expect(processor.pixels.values(of: white).allSatisfy { $0 == 1 })
    }
}
