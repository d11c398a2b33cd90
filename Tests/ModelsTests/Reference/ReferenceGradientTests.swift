import CPUBackend
import Checkpoints
import Models
import Tensors
import TestSupport
import Testing

@Suite("PaliGemma's gradients are the reference's")
struct ReferenceGradientTests {
    static let cases = [
        ReferenceCase(model: "pg2-tiny", version: "newest", name: "gradients"),
        ReferenceCase(model: "pg1-tiny", version: "newest", name: "gradients"),
        ReferenceCase(model: "pg2-tiny", version: "period", name: "gradients"),
    ]

    @Test("with everything trained each gradient is within 1e-3 relative", arguments: cases)
    func everything(_ fixture: ReferenceCase) throws {
        let results = try fixture.load(on: CPUBackend()).traced(fixture.file(), gradients: .all)
        try fixture.expectGradients(results) { _ in true }
    }

    @Test(
        "with tower and projector frozen the language model's are the same, and there are no others", arguments: cases)
    func frozen(_ fixture: ReferenceCase) throws {
        let model = try fixture.load(on: CPUBackend())
        model.parameters.freeze { !$0.name.hasPrefix("language_model.") }
        let results = try model.traced(fixture.file(), gradients: .trainable)
        try fixture.expectGradients(results) { $0.hasPrefix("grad/language_model.") }
        #expect(results.keys.filter { $0.hasPrefix("grad/") }.allSatisfy { $0.hasPrefix("grad/language_model.") })
        #expect(model.parameters.trainable.allSatisfy { $0.name.hasPrefix("language_model.") })
    }
}

extension ReferenceCase {
    /// Expects gradients to be the fixture's.
    func expectGradients(_ results: [String: [Float]], where isExpected: (String) -> Bool) throws {
        let file = try file()
        var compared = 0
        // A key's bias shifts all scores of a query alike: its gradient is zero but for rounding.
        for name in file.names
        where name.hasPrefix("grad/") && isExpected(name) && !name.hasSuffix("k_proj.bias") {
            let distance = relativeDistance(try #require(results[name], "no \(name)"), try file.floats(name))
            #expect(distance <= 1e-3, "\(name) is off by \(distance)")
            compared += 1
        }
        #expect(compared > 15, "only \(compared) gradients were compared")
    }
}
