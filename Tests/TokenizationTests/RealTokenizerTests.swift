import Foundation
import JSON
import TestSupport
import Testing

@testable import Tokenization

/// Gemma's vocabulary of 256,000 pieces, with the ids that tokenizers 0.21.4 gives (`hf` in cases.json).
@Suite("The real tokenizer", .enabled(if: Folders.sharedData != nil, Comment(rawValue: Folders.noSharedData)))
struct RealTokenizerTests {
    private func folder() throws -> URL {
        try #require(Folders.sharedData).appendingPathComponent("tokenizer")
    }

    private func checkCases(_ tokenizer: Tokenizer) throws {
        let path = try folder().appendingPathComponent("cases.json").path
        let value = try JSON(parsing: Data(contentsOf: URL(fileURLWithPath: path)), name: path)
        let cases = try #require(value["cases"]?.array)
        #expect(cases.count == 112)
        for item in cases {
            let text = try #require(item["text"]?.string)
            let expected = try #require(item["hf"]?.array).compactMap { $0.integer.map(Int32.init) }
            #expect(tokenizer.encode(text) == expected, "\(text.debugDescription)")
            let decoded = item["hf_decoded"]?.string ?? text
            #expect(tokenizer.decode(expected, skipSpecialTokens: true).isExactly(decoded), "\(text.debugDescription)")
        }
        #expect(tokenizer.vocabularySize == 257_153 && tokenizer.locationBase == 256_000)
        #expect(tokenizer.segmentationBase == 257_024 && tokenizer.imageID == 257_152 && tokenizer.newlineID == 108)
    }

    @Test("tokenizer.model gives the ids of the fast tokenizer")
    func readsModel() throws {
        try checkCases(try Tokenizer(folder: try folder().path))
    }

    @Test("tokenizer.json gives the ids of the fast tokenizer")
    func readsJSON() throws {
        let unpacked = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: unpacked) }
        #expect(FileManager.default.createFile(atPath: unpacked.path, contents: nil))
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/gzip")
        gzip.arguments = ["-dc", try folder().appendingPathComponent("tokenizer.json.gz").path]
        gzip.standardOutput = try FileHandle(forWritingTo: unpacked)
        try gzip.run()
        gzip.waitUntilExit()
        #expect(gzip.terminationStatus == 0)
        try checkCases(try Tokenizer(jsonPath: unpacked.path))
    }
}
