import Foundation
import JSON
import TestSupport
import Testing

@testable import Tokenization

/// Fixtures: Tests/Reference/tokenization/make_tokenization.py (transformers 4.47.0, tokenizers 0.21.4, seeds 0 and 1).
enum TokenizerFixtures {
    static let folder = Folders.fixtures.appendingPathComponent("tokenization").path

    /// One text or list of ids, and what the fast tokenizer makes of it.
    struct Case: Sendable {
        let text: String
        let ids: [Int32]
        let decoded: String
        let decodedWithoutSpecial: String

        init(_ value: JSON) throws {
            text = value["text"]?.string ?? ""
            ids = try #require(value["ids"]?.array).compactMap { $0.integer.map(Int32.init) }
            decoded = value["decoded"]?.string ?? text
            decodedWithoutSpecial = value["decoded_without_special"]?.string ?? text
        }
    }

    static func cases(_ name: String) throws -> [Case] {
        let path = "\(folder)/\(name)"
        let value = try JSON(parsing: Data(contentsOf: URL(fileURLWithPath: path)), name: path)
        return try #require(value.array).map { try Case($0) }
    }
}

extension String {
    /// Whether both have the same bytes, which is more than Swift's equality asks.
    func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
