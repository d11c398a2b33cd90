import Foundation
import JSON
import TestSupport
import Testing

@testable import Tokenization

@Suite("Damaged tokenizers")
struct DamagedTokenizerTests {
    let scratch: ScratchFolder
    var folder: String { scratch.path }

    init() throws { scratch = try ScratchFolder() }

    @Test(
        "a tokenizer.json that cannot be used is refused in a sentence that names it",
        arguments: [
            ("", "tokenizer.json:1:1: the text ends"), ("[]", "\"model\" is absent, expected an object"),
            ("{\"model\": {}}", "expected an object of pieces and ids"),
            (#"{"decoder": D, "model": {"type": "Unigram", "vocab": []}}"#, "type is Unigram"),
            (#"{"decoder": D, "model": {"vocab": {"a": 0, "b": 0}}}"#, #""a" and "b" share the id 0"#),
            (#"{"decoder": D, "model": {"vocab": {"a": -1}}}"#, "\"a\" has the id -1"),
            (#"{"decoder": D, "model": {"vocab": {"a": 99999999999}}}"#, "\"a\" has the id 99999999999"),
            (#"{"decoder": D, "model": {"vocab": {"a": "0"}}}"#, "the id of \"a\" is a string"),
            (#"{"decoder": D, "model": {"vocab": {"a": 0}, "merges": {}}}"#, "\"merges\" is an object"),
            (#"{"decoder": D, "model": {"vocab": {"a": 0}, "merges": [["a"]]}}"#, "merge 0 is [\"a\"]"),
            (#"{"decoder": D, "model": {"vocab": {"a": 0}, "merges": ["a b"]}}"#, "merge 0 uses \"b\""),
            (#"{"decoder": D, "model": {"vocab": {"a": 0}, "merges": ["a a"]}}"#, "merge 0 uses \"aa\""),
            (#"{"decoder": D, "model": {"vocab": {"a": 0}, "ignore_merges": true}}"#, "\"ignore_merges\" is true"),
            (#"{"model": {"vocab": {"a": 0}}}"#, "\"decoder\" is null"),
            (#"{"decoder": D, "normalizer": {"type": "NFC"}, "model": {"vocab": {"a": 0}}}"#, "\"normalizer\" is"),
            (
                #"{"decoder": D, "pre_tokenizer": {"type": "ByteLevel"}, "model": {"vocab": {}}}"#,
                "\"pre_tokenizer\" is"
            ),
            (#"{"decoder": D, "added_tokens": [{"id": 0}], "model": {"vocab": {}}}"#, "the added token of id 0 is"),
            (#"{"decoder": D, "added_tokens": [{"content": "x"}], "model": {"vocab": {}}}"#, "with \"id\""),
            (
                #"{"decoder": D, "added_tokens": [{"id": 5, "content": "a"}], "model": {"vocab": {"a": 0}}}"#,
                "\"a\" has two ids, 0 and 5"
            ),
            (
                #"{"decoder": D, "added_tokens": [{"id": 0, "content": "b"}], "model": {"vocab": {"a": 0}}}"#,
                "\"a\" and \"b\" share the id 0"
            ),
            (
                #"{"decoder": D, "added_tokens": [{"id": 1, "content": "b"}, {"id": 1, "content": "c"}], "model": {"vocab": {}}}"#,
                "\"b\" and \"c\" share the id 1"
            ),
        ])
    func refusesJSON(text: String, expected: String) throws {
        let decoder = """
            {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"}]}
            """
        let whole = text.replacingOccurrences(of: "\"decoder\": D", with: "\"decoder\": \(decoder)")
            .replacingOccurrences(of: "{\"model\": {}}", with: "{\"decoder\": \(decoder), \"model\": {}}")
        let path = try scratch.write(whole.utf8, to: "tokenizer.json")
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(folder: folder) }
        let sentence = error?.description ?? ""
        #expect(sentence.contains(expected) && sentence.contains(path), "\(sentence)")
    }

    @Test("a tokenizer.model cut short, of zero bytes, or of noise is refused", arguments: [0, 1, 100, 7000])
    func refusesModel(length: Int) throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: "\(TokenizerFixtures.folder)/bare/tokenizer.model"))
        let path = try scratch.write(whole.prefix(length), to: "tokenizer.model")
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(folder: folder) }
        #expect(error?.description.hasPrefix(path) == true, "\(error?.description ?? "")")
        let noise = try scratch.write(
            (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }, to: "tokenizer.model")
        #expect(throws: TokenizerError.self) { try Tokenizer(modelPath: noise) }
    }

    @Test(
        "files beside a tokenizer.model that disagree with it are refused",
        arguments: [
            ("added_tokens.json", #"{"<image>": 3}"#, "\"<unk>\" and \"<image>\" share the id 3"),
            ("added_tokens.json", #"{"<image>": 600, "<x>": 600}"#, "share the id 600"),
            ("added_tokens.json", #"{"<bos>": 600}"#, "\"<bos>\" has two ids, 2 and 600"),
            ("added_tokens.json", #"{"<image>": "600"}"#, "\"<image>\" is a string, expected an id"),
            ("added_tokens.json", "[]", "the file is an array"), ("added_tokens.json", "{", "added_tokens.json:1:2:"),
            ("tokenizer_config.json", #"{"added_tokens_decoder": {"x": {}}}"#, "the key \"x\""),
            ("tokenizer_config.json", #"{"added_tokens_decoder": {"600": {}}}"#, "the added token of id 600"),
            ("tokenizer_config.json", #"{"added_tokens_decoder": []}"#, "added_tokens_decoder is an array"),
        ])
    func refusesCompany(name: String, text: String, expected: String) throws {
        let model = try Data(contentsOf: URL(fileURLWithPath: "\(TokenizerFixtures.folder)/bare/tokenizer.model"))
        try scratch.write(model, to: "tokenizer.model")
        try scratch.write(text.utf8, to: name)
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(folder: folder) }
        let sentence = error?.description ?? ""
        #expect(sentence.contains(expected) && sentence.contains(folder), "\(sentence)")
    }

    @Test("an empty folder and an absent file are named")
    func namesAbsence() {
        #expect(throws: TokenizerError.noTokenizer(folder: folder)) { try Tokenizer(folder: folder) }
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(modelPath: "/nowhere/tokenizer.model") }
        #expect(error?.description.hasPrefix("/nowhere/tokenizer.model cannot be read: ") == true)
    }
}
