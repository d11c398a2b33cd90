import Foundation
import JSON
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// Fixtures: Tests/Reference/checkpoints/make_checkpoints.py (safetensors 0.8.0, torch 2.5.1, seed 0).
enum CheckpointFixtures {
    static let folder = Folders.fixtures.appendingPathComponent("checkpoints")
    static let types = folder.appendingPathComponent("types.safetensors").path
    static let foreign = folder.appendingPathComponent("foreign.safetensors").path
    static let sharded = folder.appendingPathComponent("sharded").path

    /// What torch holds in each tensor of `types`, as doubles.
    static func expectedValues() throws -> [String: [Double]] {
        let path = folder.appendingPathComponent("types.json").path
        let members = try #require(try JSON(parsing: Data(contentsOf: URL(fileURLWithPath: path)), name: path).object)
        return Dictionary(
            uniqueKeysWithValues: members.map { name, values in
                (name, (values.array ?? []).map { $0.double ?? Double($0.string ?? "") ?? .nan })
            })
    }
}

@Suite("A safetensors file")
struct SafetensorsFileTests {
    @Test("elements of every type read as torch holds them")
    func readsEveryType() throws {
        let file = try SafetensorsFile(path: CheckpointFixtures.types)
        let expected = try CheckpointFixtures.expectedValues()
        #expect(Set(file.names) == Set(expected.keys) && file.metadata == ["format": "pt"])
        for (name, values) in expected {
            let entry = try file.entry(name)
            if entry.elementType.isFloatingPoint {
                let floats = try file.floats(name)
                #expect(floats.map(\.bitPattern) == values.map { Float($0).bitPattern }, "\(name)")
            } else {
                #expect(try file.integers(name).map(Double.init) == values, "\(name)")
            }
        }
    }

    @Test("shapes, types and order are those of the header")
    func readsHeader() throws {
        let file = try SafetensorsFile(path: CheckpointFixtures.types)
        #expect(file.names.first == "long" && file.names.last == "flag" && file.names.count == 11)
        #expect(file.entries["scalar"]?.shape == [] && file.entries["nothing"]?.shape == [0, 4])
        #expect(file.entries["layer.weight"]?.shape == [3, 5] && file.entries["brain"]?.elementType == .bfloat16)
        #expect(try file.floats("nothing") == [] && file.floats("scalar") == [2.5])
    }

    @Test("a tensor of a type that cannot be read harms no other")
    func toleratesForeignTypes() throws {
        let file = try SafetensorsFile(path: CheckpointFixtures.foreign)
        #expect(file.names == ["double", "known"] || file.names == ["known", "double"])
        #expect(try file.floats("known") == [1, 1] && file.foreignTypes == ["double": "F64"])
        let error = #expect(throws: CheckpointError.self) { try file.floats("double") }
        #expect(error?.description.contains("\"double\" has type F64") == true)
    }

    @Test("absent tensors and wrong kinds are named")
    func namesWrongRequests() throws {
        let file = try SafetensorsFile(path: CheckpointFixtures.types)
        #expect(throws: CheckpointError.missingTensor(file: file.path, tensor: "head")) { try file.floats("head") }
        #expect(throws: CheckpointError.self) { try file.floats("long") }
        #expect(throws: CheckpointError.self) { try file.integers("half") }
    }

    @Test(
        "the tiny PaliGemma opens, and its sizes add up",
        .enabled(if: Folders.sharedData != nil, Comment(rawValue: Folders.noSharedData)))
    func opensTinyModel() throws {
        let folder = try #require(Folders.sharedData).appendingPathComponent("tiny-paligemma2").path
        let checkpoint = try Checkpoint(folder: folder)
        #expect(checkpoint.names.count == 160 && checkpoint.totalByteCount == 9_401_088 * 2)
        #expect(try checkpoint.entry("language_model.model.embed_tokens.weight").shape == [1728, 256])
        #expect(try checkpoint.floats("vision_tower.vision_model.post_layernorm.weight").allSatisfy(\.isFinite))
    }
}
