import CPUBackend
import Checkpoints
import Models
import Tensors
import TestSupport
import Testing

@Suite("An example's numbers depend on nothing but the example")
struct IndependenceTests {
    /// The loss of each label of a batch, before any mean.
    private func labelLosses(_ model: PaliGemma, _ tokens: TokenBatch, _ pixels: Tensor) throws -> [Float] {
        try model.losses(tokens, features: model.imageFeatures(pixels), weight: 1).floats()
    }

    @Test(
        "padding and longer neighbours change no bit of an example's loss",
        arguments: ["pg2-tiny", "pg1-tiny"], [ElementType.float32, .bfloat16])
    func padding(_ name: String, _ type: ElementType) throws {
        let backend = try CPUBackend()
        for side in ["left", "right"] {
            let fixture = ReferenceCase(model: name, version: "newest", name: side)
            let (file, model) = (try fixture.file(), try fixture.load(type, on: backend))
            let (tokens, pixels) = (try file.tokens(), try file.pixels(on: backend))
            let together = try labelLosses(model, tokens, pixels)
            var apart: [Float] = []
            for row in 0..<tokens.count {
                apart += try labelLosses(model, tokens.alone(row), pixels.part(row..<row + 1))
            }
            #expect(bits(together) == bits(apart), "padded on the \(side)")
        }
    }

    @Test("under hf-4.47.0 padding on the left does change a loss, as it did there")
    func periodPadding() throws {
        let backend = try CPUBackend()
        let fixture = ReferenceCase(model: "pg2-tiny", version: "period", name: "left")
        let (file, model) = (try fixture.file(), try fixture.load(on: backend))
        let (tokens, pixels) = (try file.tokens(), try file.pixels(on: backend))
        let together = try labelLosses(model, tokens, pixels)
        let first = try labelLosses(model, tokens.alone(0), pixels.part(0..<1))
        #expect(bits(Array(together.prefix(first.count))) != bits(first))
    }

    @Test(
        "changing a suffix token changes no earlier logit, and changes a later one",
        arguments: ReferenceCase.all(["single", "left"]))
    func leak(_ fixture: ReferenceCase) throws {
        let backend = try CPUBackend()
        let (file, model) = (try fixture.file(), try fixture.load(on: backend))
        let (tokens, features) = (try file.tokens(), try model.imageFeatures(file.pixels(on: backend)))
        let before = try model.logits(model.hiddenStates(tokens, features: features)).floats()
        let width = before.count / tokens.ids.count
        for row in 0..<tokens.count {
            let end = tokens.tokenRanges[row].upperBound
            for column in [tokens.prefixEnds[row], tokens.prefixEnds[row] + 2, end - 1] {
                let changed = try tokens.replacing(row: row, column: column, with: 77)
                let after = try model.logits(model.hiddenStates(changed, features: features)).floats()
                func logits(_ all: [Float], _ columns: Range<Int>) -> [UInt32] {
                    bits(
                        Array(
                            all[
                                (row * tokens.length + columns.lowerBound)
                                    * width..<(row * tokens.length + columns.upperBound) * width]))
                }
                let start = tokens.tokenRanges[row].lowerBound
                #expect(logits(before, start..<column) == logits(after, start..<column), "a leak from \(column)")
                #expect(logits(before, column..<end) != logits(after, column..<end), "\(column) has no effect")
            }
        }
    }

    @Test("changing a prefix token changes the logits of the image tokens before it")
    func prefix() throws {
        let backend = try CPUBackend()
        let fixture = ReferenceCase(model: "pg2-tiny", version: "newest", name: "single")
        let (file, model) = (try fixture.file(), try fixture.load(on: backend))
        let (tokens, features) = (try file.tokens(), try model.imageFeatures(file.pixels(on: backend)))
        let changed = try tokens.replacing(row: 0, column: tokens.prefixEnds[0] - 2, with: 77)
        let before = try model.hiddenStates(tokens, features: features).floats()
        let after = try model.hiddenStates(changed, features: features).floats()
        #expect(bits(Array(before.prefix(40))) != bits(Array(after.prefix(40))))
    }

    @Test(
        "gradients and answers have the same bits at 1, 2 and 3 threads", arguments: [ElementType.float32, .bfloat16])
    func threads(_ type: ElementType) throws {
        let training = ReferenceCase(model: "pg2-tiny", version: "newest", name: "left")
        let answering = ReferenceCase(model: "pg2-tiny", version: "newest", name: "generate-left")
        func run(_ count: Int) throws -> (gradients: [String: [UInt32]], logits: [[UInt32]]) {
            let backend = try Fixture.backend(threads: count)
            let traced = try training.load(type, on: backend).traced(training.file(), gradients: .all)
            let (file, model) = (try answering.file(), try answering.load(type, on: backend))
            var steps: [Tensor] = []
            _ = try model.generate(
                file.tokens(), features: model.imageFeatures(file.pixels(on: backend)), GenerationOptions(endIDs: [1]),
                observe: { steps.append($1) })
            return (traced.mapValues(bits), try steps.map { bits(try $0.floats()) })
        }
        let one = try run(1)
        #expect(one.logits.count > 3 && one.gradients.count > 100)
        for count in [2, 3] {
            let several = try run(count)
            #expect(several.gradients == one.gradients, "\(count) threads")
            #expect(several.logits == one.logits, "\(count) threads")
        }
    }
}

extension TokenBatch {
    /// The rows with one token replaced.
    fileprivate func replacing(row: Int, column: Int, with id: Int32) throws -> TokenBatch {
        var ids = ids
        ids[row * length + column] = id
        return try TokenBatch(count: count, length: length, ids: ids, attends: attends, types: types, labels: labels)
    }
}
