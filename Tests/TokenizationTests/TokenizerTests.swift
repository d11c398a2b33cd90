import TestSupport
import Testing

@testable import Tokenization

@Suite("The tokenizer")
struct TokenizerTests {
    /// The small PaliGemma's tokenizer by each way that it can be stored.
    enum Route: String, CaseIterable {
        case json, model, modelWithoutConfig, modelAndTable, bareModel

        func load() throws -> Tokenizer {
            let tiny = "\(TokenizerFixtures.folder)/tiny"
            return switch self {
            case .json: try Tokenizer(folder: tiny)
            case .model: try Self.copy(of: tiny, without: ["tokenizer.json"])
            case .modelWithoutConfig: try Self.copy(of: tiny, without: ["tokenizer.json", "tokenizer_config.json"])
            case .modelAndTable: try Tokenizer(modelPath: "\(tiny)/tokenizer.model", addedTokens: ["<image>": 1664])
            case .bareModel: try Tokenizer(folder: "\(TokenizerFixtures.folder)/bare")
            }
        }

        private static func copy(of folder: String, without left: Set<String>) throws -> Tokenizer {
            let scratch = try ScratchFolder()
            try scratch.copy(folder, without: left)
            return try withExtendedLifetime(scratch) { try Tokenizer(folder: scratch.path) }
        }
    }

    @Test("ids and texts equal the fast tokenizer's on odd strings, however it is stored", arguments: Route.allCases)
    func equalsReference(route: Route) throws {
        let tokenizer = try route.load()
        let cases = try TokenizerFixtures.cases("tiny/cases.json")
        #expect(cases.count > 350)
        for item in cases {
            #expect(tokenizer.encode(item.text) == item.ids, "\(item.text.debugDescription)")
            #expect(tokenizer.decode(item.ids).isExactly(item.decoded), "\(item.ids)")
            let without = tokenizer.decode(item.ids, skipSpecialTokens: true)
            #expect(without.isExactly(item.decodedWithoutSpecial), "\(item.ids)")
        }
    }

    @Test("ids in no sensible order give the texts that the fast tokenizer gives", arguments: Route.allCases)
    func decodesAnything(route: Route) throws {
        let tokenizer = try route.load()
        for item in try TokenizerFixtures.cases("tiny/decoding.json") {
            #expect(tokenizer.decode(item.ids).isExactly(item.decoded), "\(item.ids)")
            let without = tokenizer.decode(item.ids, skipSpecialTokens: true)
            #expect(without.isExactly(item.decodedWithoutSpecial), "\(item.ids)")
        }
        #expect(tokenizer.decode([-1, .max, .min]) == "")
    }

    @Test("added tokens take spaces and respect words as the fast tokenizer's do")
    func respectsFlags() throws {
        let tokenizer = try Tokenizer(jsonPath: "\(TokenizerFixtures.folder)/flags/tokenizer.json")
        for item in try TokenizerFixtures.cases("flags/cases.json") {
            #expect(tokenizer.encode(item.text) == item.ids, "\(item.text.debugDescription)")
            #expect(tokenizer.decode(item.ids).isExactly(item.decoded), "\(item.ids)")
        }
        #expect(tokenizer.locationBase == nil && tokenizer.segmentationBase == nil)
    }

    @Test("the ids with a meaning are known", arguments: Route.allCases)
    func knowsMarks(route: Route) throws {
        let tokenizer = try route.load()
        #expect(tokenizer.padID == 0 && tokenizer.eosID == 1 && tokenizer.bosID == 2 && tokenizer.unknownID == 3)
        #expect(tokenizer.newlineID == 4 && tokenizer.imageID == 1664 && tokenizer.vocabularySize == 1665)
        #expect(tokenizer.locationBase == 512 && tokenizer.segmentationBase == 1536)
        #expect(tokenizer.id(of: "<loc1023>") == 1535 && tokenizer.piece(1535) == "<loc1023>")
        #expect(tokenizer.id(of: "no such piece") == nil && tokenizer.piece(1665) == "" && tokenizer.piece(-1) == "")
        #expect(tokenizer.isSpecial(1664) && tokenizer.isSpecial(2) && !tokenizer.isSpecial(512))
        #expect(tokenizer.encode("", addBeginning: true) == [2])
        #expect(tokenizer.encode("detect", addBeginning: true) == [2] + tokenizer.encode("detect"))
    }

    @Test("many threads may ask one tokenizer", arguments: [Route.json, .bareModel])
    func servesThreads(route: Route) async throws {
        let tokenizer = try route.load()
        let cases = try TokenizerFixtures.cases("tiny/cases.json")
        let wrong = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask { cases.count { tokenizer.encode($0.text) != $0.ids } }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }
}
