import CPUBackend
import Checkpoints
import Models
import Tensors
import TestSupport
import Testing

/// The answers to the prompts of a fixture, with the logits of each step.
private struct Answers {
    let generation: Generation
    /// `[row][step][V]`.
    let logits: [[[Float]]]

    init(
        _ model: PaliGemma, _ prompts: TokenBatch, _ pixels: Tensor, usesCache: Bool = true, limit: Int = 12
    ) throws {
        var options = GenerationOptions(endIDs: [1])
        options.maxNewTokens = limit
        options.usesCache = usesCache
        var steps: [(rows: [Int], logits: Tensor)] = []
        generation = try model.generate(
            prompts, features: model.imageFeatures(pixels), options, observe: { steps.append(($0, $1)) })
        var logits = Array(repeating: [[Float]](), count: prompts.count)
        for step in steps {
            let (values, width) = (try step.logits.floats(), step.logits.columns)
            for (place, row) in step.rows.enumerated() {
                logits[row].append(Array(values[place * width..<(place + 1) * width]))
            }
        }
        self.logits = logits
    }

    /// The bits of one row's logits, to the step that ended its answer.
    func bits(ofRow row: Int) -> [[UInt32]] { logits[row].map(ModelsTests.bits) }
}

@Suite("Greedy answers are the reference's, with a cache or without, alone or in a batch")
struct GenerationTests {
    /// Release 4.47 applies a window to the prompt and forgets it afterwards, so its answers with a window have no
    /// single mask to equal (docs/numerics.md, point 14); those without one do.
    static let reference: [ReferenceCase] =
        ["generate", "generate-left"].flatMap { name in
            ["newest", "period"].flatMap { version in
                [
                    ReferenceCase(model: "pg1-tiny", version: version, name: name),
                    ReferenceCase(model: "pg2-tiny", version: version, name: name + "-window-off"),
                ]
            } + [ReferenceCase(model: "pg2-tiny", version: "newest", name: name)]
        }

    @Test("ids are equal, logits of each step within 1e-4 of their range", arguments: reference)
    func ids(_ fixture: ReferenceCase) throws {
        let backend = try CPUBackend()
        let file = try fixture.file()
        let answers = try Answers(fixture.load(on: backend), file.tokens(), file.pixels(on: backend))
        let (width, wanted) = (try file.entry("generated_ids").shape[1], try file.integers("generated_ids"))
        let expected = try file.floats("generated_logits")
        for row in 0..<answers.generation.ids.count {
            let ids = wanted[row * width..<(row + 1) * width]
            let answer = ids.prefix { $0 != 1 }
            #expect(answers.generation.ids[row].map(Int.init) == Array(answer))
            #expect(answers.generation.isEnded[row] == (answer.count < ids.count))
            for (step, found) in answers.bits(ofRow: row).enumerated() {
                let start = (row * width + step) * found.count
                let distance = rangeDistance(
                    found.map(Float.init(bitPattern:)), Array(expected[start..<start + found.count]))
                #expect(distance <= 1e-4, "row \(row), step \(step) is off by \(distance)")
            }
        }
    }

    @Test(
        "with a cache and without, every bit of every logit is equal",
        arguments: ReferenceCase.all(["generate", "generate-left"]), [ElementType.float32, .bfloat16])
    func cache(_ fixture: ReferenceCase, _ type: ElementType) throws {
        let backend = try CPUBackend()
        let file = try fixture.file()
        let model = try fixture.load(type, on: backend)
        let (tokens, pixels) = (try file.tokens(), try file.pixels(on: backend))
        let kept = try Answers(model, tokens, pixels)
        let computed = try Answers(model, tokens, pixels, usesCache: false)
        #expect(kept.generation == computed.generation)
        for row in 0..<tokens.count { #expect(kept.bits(ofRow: row) == computed.bits(ofRow: row), "row \(row)") }
    }

    @Test(
        "in a batch and one by one, every bit of every logit is equal",
        arguments: ReferenceCase.all(["generate-left"]), [ElementType.float32, .bfloat16])
    func batch(_ fixture: ReferenceCase, _ type: ElementType) throws {
        let backend = try CPUBackend()
        let file = try fixture.file()
        let model = try fixture.load(type, on: backend)
        let (tokens, pixels) = (try file.tokens(), try file.pixels(on: backend))
        let together = try Answers(model, tokens, pixels)
        for row in 0..<tokens.count {
            let alone = try Answers(model, tokens.alone(row), pixels.part(row..<row + 1))
            #expect(alone.generation.ids[0] == together.generation.ids[row])
            #expect(alone.bits(ofRow: 0) == together.bits(ofRow: row), "row \(row)")
        }
    }

    @Test("an answer stops at the limit, at once, or when asked to")
    func limits() throws {
        let backend = try CPUBackend()
        let fixture = ReferenceCase(model: "pg2-tiny", version: "newest", name: "generate")
        let (file, model) = (try fixture.file(), try fixture.load(on: backend))
        let (tokens, pixels) = (try file.tokens(), try file.pixels(on: backend))
        let whole = try Answers(model, tokens, pixels).generation
        let short = try Answers(model, tokens, pixels, limit: 3).generation
        #expect(short.ids[0] == Array(whole.ids[0].prefix(3)) && short.isEnded == [false])
        #expect(try Answers(model, tokens, pixels, limit: 0).generation.ids == [[]])
        var asked = 0
        let stopped = try model.generate(
            tokens, features: model.imageFeatures(pixels), GenerationOptions(endIDs: [1]),
            shouldStop: {
                asked += 1
                return asked == 2
            })
        #expect(stopped.ids[0] == Array(whole.ids[0].prefix(2)))
    }

    @Test("prompts padded on the right are refused")
    func rightPadding() throws {
        let backend = try CPUBackend()
        let model = try Fixture.model("pg1-tiny", on: backend)
        let tokens = try TokenBatch(
            [
                TokenRow(prompt: [240, 240, 240, 240, 2, 5, 3], suffix: []),
                TokenRow(prompt: [240, 240, 240, 240, 2, 3], suffix: []),
            ],
            withLabels: false, padID: 0, .right)
        let features = try Tensor.filled(0, shape: [8, 36], .float32, on: backend)
        #expect(throws: TensorError.self) {
            try model.generate(tokens, features: features, GenerationOptions(endIDs: [1]))
        }
    }
}

extension TokenBatch {
    /// One row without its padding.
    func alone(_ row: Int) throws -> TokenBatch {
        let range = tokenRanges[row]
        let places = (row * length + range.lowerBound)..<(row * length + range.upperBound)
        return try TokenBatch(
            count: 1, length: range.count, ids: Array(ids[places]), attends: Array(attends[places]),
            types: Array(types[places]), labels: labels.map { Array($0[places]) })
    }
}
