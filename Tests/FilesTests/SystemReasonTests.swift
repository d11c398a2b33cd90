import Files
import Foundation
import Testing

@Suite("reasons of the system")
struct SystemReasonTests {
    @Test("a missing file is told in the system's words")
    func missingFile() throws {
        let error = try #require(throws: (any Error).self) {
            try Data(contentsOf: URL(fileURLWithPath: "/no such folder/file"))
        }
        #expect(SystemReason.of(error) == "No such file or directory")
    }

    @Test("a folder in the place of a file is told too")
    func folder() throws {
        let error = try #require(throws: (any Error).self) { try Data(contentsOf: URL(fileURLWithPath: "/")) }
        #expect(SystemReason.of(error) == "Is a directory")
    }

    @Test("a text that is not what was wanted names the place")
    func decoding() throws {
        let error = try #require(throws: (any Error).self) {
            try JSONDecoder().decode([String: [Int]].self, from: Data(#"{"steps": [1, "two"]}"#.utf8))
        }
        let reason = SystemReason.of(error)
        #expect(reason.hasPrefix("steps.1: "), "\(reason)")
    }

    @Test("a missing key is named")
    func missingKey() throws {
        struct State: Decodable { let step: Int }
        let error = try #require(throws: (any Error).self) {
            try JSONDecoder().decode(State.self, from: Data("{}".utf8))
        }
        #expect(SystemReason.of(error) == "step is missing")
    }

    @Test("a number that JSON cannot hold names the place")
    func encoding() throws {
        let error = try #require(throws: (any Error).self) { try JSONEncoder().encode(["loss": Double.nan]) }
        let reason = SystemReason.of(error)
        #expect(reason.hasPrefix("loss: "), "\(reason)")
    }
}
