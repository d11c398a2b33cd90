import CPUBackend
import Checkpoints
import Models
import Tensors
import TestSupport
import Testing

@Suite("PaliGemma's forward pass gives the reference's numbers")
struct ReferenceTraceTests {
    @Test(
        "in float32 every intermediate is within 1e-4 of its range, the loss within 1e-4",
        arguments: ReferenceCase.all(["single", "left", "right", "prompt", "prompt-left"])
            + ["newest", "period"].map { ReferenceCase(model: "pg2-tiny", version: $0, name: "uncapped") })
    func intermediates(_ fixture: ReferenceCase) throws {
        let names = try fixture.expectIntermediates(fixture.load(on: CPUBackend()).traced(fixture.file()))
        if fixture.name == "single" {
            #expect(Set(names).isSuperset(of: ["vision_hidden_0", "vision_last_hidden", "projector_out", "hidden_2"]))
        }
    }

    @Test(
        "in bfloat16 logits are within 5e-2 relative, the loss within 3e-2", arguments: ReferenceCase.all(["bfloat16"]))
    func bfloat16(_ fixture: ReferenceCase) throws {
        let file = try fixture.file()
        let results = try fixture.load(.bfloat16, on: CPUBackend()).traced(file)
        let attends = try file.integers("attention_mask").map { $0 != 0 }
        let logits = try #require(results["logits"])
        let distance = relativeDistance(rows(logits, where: attends), rows(try file.floats("logits"), where: attends))
        #expect(distance <= 5e-2, "logits are off by \(distance)")
        expectClose(try #require(results["loss"]), try file.floats("loss"), relative: 3e-2, "loss")
    }

    @Test("without the final cap the loss is the reference's uncapped one, and another")
    func uncapped() throws {
        let capped = ReferenceCase(model: "pg2-tiny", version: "newest", name: "single")
        let model = try capped.load(on: CPUBackend())
        let file = try capped.file()
        let before = try #require(try model.traced(file)["loss"]?.first)
        model.options.finalSoftCap = .off
        let after = try #require(try model.traced(file)["loss"]?.first)
        #expect(abs(before - 8.25) < 0.01 && abs(after - 10.26) < 0.01)
    }

    @Test("switching the window off changes the logits of PaliGemma 2, and nothing in PaliGemma 1")
    func window() throws {
        for (model, changes) in [("pg2-tiny", true), ("pg1-tiny", false)] {
            let fixture = ReferenceCase(model: model, version: "newest", name: "single")
            let loaded = try fixture.load(on: CPUBackend())
            let file = try fixture.file()
            let before = try #require(try loaded.traced(file)["logits"])
            loaded.options.slidingWindow = .off
            let after = try #require(try loaded.traced(file)["logits"])
            #expect((bits(before) != bits(after)) == changes)
        }
    }
}

extension ReferenceCase {
    /// Expects what a pass computed to be the fixture's, in float32; returns the names that were compared.
    @discardableResult
    func expectIntermediates(_ results: [String: [Float]]) throws -> [String] {
        let file = try file()
        let attends = try file.integers("attention_mask").map { $0 != 0 }
        let names = file.names.filter { file.entries[$0]?.elementType == .float32 }
        for name in names {
            let (expected, actual) = (try file.floats(name), try #require(results[name], "no \(name)"))
            if name == "loss" {
                expectClose(actual, expected, relative: 1e-4, "loss")
            } else {
                // At padding the releases differ, and nobody looks.
                let isPerToken = name == "logits" || name.hasPrefix("hidden_")
                let distance =
                    isPerToken
                    ? rangeDistance(rows(actual, where: attends), rows(expected, where: attends))
                    : rangeDistance(actual, expected)
                #expect(distance <= 1e-4, "\(name) is off by \(distance) of its range")
            }
        }
        return names
    }
}
