import Foundation
import JSON
import TestSupport
import Testing
import Tokenization

@testable import Models

@Suite("A detection grammar takes what the tokenizer makes of whole answers, and nothing else")
struct DetectionGrammarTests {
    private static func grammar(_ classes: [String], _ tokenizer: Tokenizer) throws -> DetectionGrammar {
        try DetectionGrammar(classes: classes, tokenizer: tokenizer, endID: try #require(tokenizer.eosID))
    }

    private static func sampleTokenizer() throws -> Tokenizer {
        try Tokenizer(folder: Folders.samples.appendingPathComponent("tiny-paligemma2").path)
    }

    /// The classes that a path of tokens names, or nil where the grammar has no such path.
    private static func classes(named ids: [Int32], in grammar: DetectionGrammar) -> [Int]? {
        var (named, node, locations) = ([Int](), 0, 0)
        let isLocation = { (id: Int32) in (grammar.locationBase..<grammar.locationBase + 1024).contains(id) }
        for id in ids + [grammar.endID] {
            if locations < 4, isLocation(id) {
                (locations, node) = (locations + 1, 0)
                continue
            }
            guard locations == 4, let choice = grammar.choices(at: node).first(where: { $0.id == id }) else {
                return nil
            }
            guard let next = choice.node else { return named + choice.classes }
            node = next
            if let found = grammar.nodes[node].separatedClass { (named, locations) = (named + [found], 0) }
        }
        return nil
    }

    @Test("every answer of the sample cards is a path")
    func samples() throws {
        let tokenizer = try Self.sampleTokenizer()
        var count = 0
        for split in ["train", "valid", "test"] {
            let file = Folders.samples.appendingPathComponent("cards/_annotations.\(split).jsonl")
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                let row = try JSON(parsing: Array(line.utf8))
                let (prefix, suffix) = (try #require(row["prefix"]?.string), try #require(row["suffix"]?.string))
                let classes = prefix.dropFirst("detect ".count).components(separatedBy: " ; ")
                let grammar = try Self.grammar(classes, tokenizer)
                let named = try #require(Self.classes(named: tokenizer.encode(suffix), in: grammar), "\(suffix)")
                let wanted = suffix.components(separatedBy: " ; ").map { String($0.dropFirst(37)) }
                #expect(named.map { classes[$0] } == wanted)
                count += 1
            }
        }
        #expect(count == 240)
    }

    /// Names that begin alike, hold odd letters, or that a tokenizer may cut otherwise before a separator.
    private static let names = [
        "king", "king of hearts", "kings", "C++", "cat (black)", "cat's eye", "on/off", "κάρτα", "🐈", "a", "10",
        "10 of clubs", "traffic light ", "x.",
    ]

    @Test("names that begin alike, and odd ones, are paths alone and one after another, in both tokenizers")
    func oddNames() throws {
        var folders = [Folders.samples.appendingPathComponent("tiny-paligemma2").path]
        if let shared = Folders.sharedData { folders.append(shared.appendingPathComponent("tokenizer").path) }
        for folder in folders {
            let tokenizer = try Tokenizer(folder: folder)
            let grammar = try Self.grammar(Self.names, tokenizer)
            for (number, name) in Self.names.enumerated() {
                let box = "<loc0001><loc0002><loc0003><loc1023>"
                let alone = Self.classes(named: tokenizer.encode("\(box) \(name)"), in: grammar)
                #expect(alone == [number], "\(name)")
                let other = (number + 5) % Self.names.count
                let text = "\(box) \(name) ; \(box) \(Self.names[other]) ; \(box) \(name)"
                #expect(Self.classes(named: tokenizer.encode(text), in: grammar) == [number, other, number], "\(name)")
            }
        }
    }

    @Test(
        "other text is no path",
        arguments: [
            "", "a", "<loc0001><loc0002><loc0003> king", "<loc0001><loc0002><loc0003><loc0004>",
            "<loc0001><loc0002><loc0003><loc0004> queen", "<loc0001><loc0002><loc0003><loc0004> king ; ",
            "<loc0001><loc0002><loc0003><loc0004><loc0005> king", "<loc0001><loc0002><loc0003><loc0004> king of",
        ])
    func refused(_ text: String) throws {
        let tokenizer = try Self.sampleTokenizer()
        let grammar = try Self.grammar(Self.names, tokenizer)
        #expect(Self.classes(named: tokenizer.encode(text), in: grammar) == nil)
    }

    @Test(
        "a name with a separator or a location, and no names at all, are refused",
        arguments: [["a;b"], ["a<loc0001>"], []])
    func badNames(_ names: [String]) throws {
        let tokenizer = try Self.sampleTokenizer()
        #expect(throws: ModelError.self) { try Self.grammar(names, tokenizer) }
    }
}
