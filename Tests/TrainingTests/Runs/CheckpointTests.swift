import Foundation
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("A run that is cut and resumed ends in the same bytes")
struct CheckpointTests {
    /// What is trained, in which type, with or without masters.
    struct Kind: CustomTestStringConvertible, Sendable {
        let trained: TinyRun.Trained
        var type = ElementType.float32
        var masters = TrainingArguments.MasterWeights.float32
        var optimizer = TrainingArguments.Optimizer.adamwTorch

        var testDescription: String { "\(trained) in \(type.name), masters \(masters), \(optimizer.rawValue)" }
    }

    static let kinds = [
        Kind(trained: .languageModel), Kind(trained: .everything, type: .bfloat16),
        Kind(trained: .languageModel, type: .bfloat16, masters: .none, optimizer: .adamwHF),
        Kind(trained: .adapter), Kind(trained: .adapter, type: .bfloat16), Kind(trained: .adapter, optimizer: .sgd),
        Kind(trained: .languageModel, optimizer: .adamw8bit),
        Kind(trained: .everything, type: .bfloat16, optimizer: .adafactor),
        Kind(trained: .everything, type: .float16), Kind(trained: .adapter, type: .float16),
    ]

    private func arguments(_ tiny: TinyRun, _ kind: Kind, _ folder: String) -> TrainingArguments {
        var arguments = tiny.arguments
        (arguments.masterWeights, arguments.optim) = (kind.masters, kind.optimizer)
        (arguments.saveSteps, arguments.outputDir) = (2, "\(tiny.folder.path)/\(folder)")
        return arguments
    }

    /// The cut comes a step after the checkpoint, in the middle of an epoch and of a log's interval.
    @Test("weights, moments, state and log", arguments: kinds)
    func resume(_ kind: Kind) throws {
        let tiny = try TinyRun()
        let whole = arguments(tiny, kind, "whole")
        let uncut = try tiny.trainer(tiny.model(kind.trained, kind.type), whole).run()

        let cut = arguments(tiny, kind, "cut")
        var steps = 0
        let first = try tiny.trainer(tiny.model(kind.trained, kind.type), cut).run(
            shouldStop: { steps == 3 },
            observe: {
                if case .updated = $0 { steps += 1 }
            })
        #expect(first.isInterrupted && first.step == 3)

        let trainer = try tiny.trainer(tiny.model(kind.trained, kind.type), cut)
        try trainer.resume(from: "\(tiny.folder.path)/cut/checkpoint-2")
        var banner: TrainingBanner?
        let resumed = try trainer.run(observe: {
            if case .started(let figures) = $0 { banner = figures }
        })
        #expect(banner?.firstStep == 2)
        #expect(resumed.log == uncut.log && resumed.log.count == 1)
        for name in ["checkpoint-4", "checkpoint-6"] {
            let found = try fileBytes("\(tiny.folder.path)/cut/\(name)")
            #expect(try found == fileBytes("\(tiny.folder.path)/whole/\(name)"), "\(name)")
            #expect(found.keys.contains("trainer_state.json") && found.keys.contains("optimizer.safetensors"))
        }
    }

    @Test("a run that is stopped goes on where it was, without a checkpoint")
    func goesOn() throws {
        let tiny = try TinyRun()
        let (whole, parts) = (try tiny.model(), try tiny.model())
        _ = try tiny.trainer(whole, tiny.arguments).run()
        let trainer = try tiny.trainer(parts, tiny.arguments)
        var asked = 0
        let first = try trainer.run(shouldStop: {
            asked += 1
            return asked == 3
        })
        #expect(first.step == 2 && first.isInterrupted)
        let second = try trainer.run()
        #expect(second.step == 6 && !second.isInterrupted)
        #expect(try trainedBytes(whole) == trainedBytes(parts))
    }

    @Test("checkpoints come when due, and the oldest go over the limit")
    func limit() throws {
        let tiny = try TinyRun()
        for (strategy, saveSteps, limit, expected, removed) in [
            (.steps, 1, 2, [5, 6], 4), (.steps, 4, nil, [4, 6], 0), (.epoch, 1, nil, [3, 6], 0), (.no, 1, nil, [], 0),
            (.steps, 500, 1, [6], 0),
        ] as [(TrainingArguments.SaveStrategy, Int, Int?, [Int], Int)] {
            var arguments = tiny.arguments
            (arguments.saveStrategy, arguments.saveSteps) = (strategy, saveSteps)
            (arguments.saveTotalLimit, arguments.outputDir) = (limit, "\(tiny.folder.path)/\(strategy)-\(saveSteps)")
            var gone: [String] = []
            _ = try tiny.trainer(tiny.model(), arguments).run(observe: {
                if case .saved(_, let folders) = $0 { gone += folders }
            })
            let kept = Trainer.checkpoints(under: try #require(arguments.outputDir))
            #expect(kept.map(\.step) == expected && gone.count == removed)
        }
    }

    @Test("a checkpoint of a whole model is one that loads")
    func loads() throws {
        let tiny = try TinyRun()
        var arguments = tiny.arguments
        arguments.outputDir = tiny.folder.path + "/run"
        let model = try tiny.model()
        _ = try tiny.trainer(model, arguments).run()
        let loaded = try PaliGemma(
            folder: tiny.folder.path + "/run/checkpoint-6", elementType: .float32, backend: model.backend)
        for (a, b) in zip(model.parameters.parameters, loaded.parameters.parameters) {
            #expect(try a.value.readBytes() == b.value.readBytes(), "\(a.name)")
        }
    }

    /// A change to the run, or to the files, after which a checkpoint does not belong.
    struct Mismatch: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let says: String
        var trained = TinyRun.Trained.languageModel
        var type = ElementType.float32
        var arguments: @Sendable (inout TrainingArguments) -> Void = { _ in }
        var damage: @Sendable (_ folder: String) throws -> Void = { _ in }
    }

    static let mismatches = [
        Mismatch(testDescription: "another seed", says: "seed was 42", arguments: { $0.seed = 7 }),
        Mismatch(testDescription: "another length", says: "max_steps was 6", arguments: { $0.numTrainEpochs = 3 }),
        Mismatch(
            testDescription: "another grouping", says: "per_device_train_batch_size was 1",
            arguments: { ($0.perDeviceTrainBatchSize, $0.gradientAccumulationSteps) = (2, 1) }),
        Mismatch(testDescription: "more is trained", says: "weights", trained: .everything),
        Mismatch(testDescription: "an adapter is trained", says: "weights", trained: .adapter),
        Mismatch(
            testDescription: "no masters", says: "bfloat16", type: .bfloat16, arguments: { $0.masterWeights = .none }),
        Mismatch(
            testDescription: "a loss scale that cannot be", says: "loss_scaler", type: .float16,
            damage: { folder in
                let file = folder + "/trainer_state.json"
                let text = try String(contentsOfFile: file, encoding: .utf8)
                try text.replacing(#""scale" : 65536"#, with: #""scale" : -3"#)
                    .write(toFile: file, atomically: true, encoding: .utf8)
            }),
        Mismatch(
            testDescription: "no loss scale", says: "loss_scaler", type: .float16,
            damage: { folder in
                let file = folder + "/trainer_state.json"
                let text = try String(contentsOfFile: file, encoding: .utf8)
                try text.replacing("loss_scaler", with: "other").write(toFile: file, atomically: true, encoding: .utf8)
            }),
        Mismatch(
            testDescription: "no state", says: "trainer_state.json",
            damage: { try FileManager.default.removeItem(atPath: $0 + "/trainer_state.json") }),
        Mismatch(
            testDescription: "a damaged state", says: "trainer_state.json",
            damage: { try Data("{".utf8).write(to: URL(fileURLWithPath: $0 + "/trainer_state.json")) }),
        Mismatch(
            testDescription: "damaged moments", says: "optimizer.safetensors",
            damage: { try Data(count: 100).write(to: URL(fileURLWithPath: $0 + "/optimizer.safetensors")) }),
        Mismatch(
            testDescription: "a state beyond the end", says: "global_step",
            damage: { folder in
                let file = folder + "/trainer_state.json"
                let text = try String(contentsOfFile: file, encoding: .utf8)
                try text.replacing(#""global_step" : 4"#, with: #""global_step" : 40"#)
                    .write(toFile: file, atomically: true, encoding: .utf8)
            }),
    ]

    @Test("a checkpoint of another run is refused, and the run is as before", arguments: mismatches)
    func refused(_ mismatch: Mismatch) throws {
        let tiny = try TinyRun()
        var arguments = tiny.arguments
        (arguments.outputDir, arguments.saveSteps) = (tiny.folder.path + "/run", 4)
        _ = try tiny.trainer(tiny.model(.languageModel, mismatch.type), arguments).run()
        let folder = tiny.folder.path + "/run/checkpoint-4"
        try mismatch.damage(folder)

        mismatch.arguments(&arguments)
        let trainer = try tiny.trainer(tiny.model(mismatch.trained, mismatch.type), arguments)
        let before = try trainedBytes(trainer.model)
        let error = #expect(throws: TrainingError.self) { try trainer.resume(from: folder) }
        #expect(try #require(error).description.contains(mismatch.says), "\(error?.description ?? "")")
        #expect(try trainedBytes(trainer.model) == before)
        #expect(trainer.engine.step == 0 && trainer.log.isEmpty)
    }
}
