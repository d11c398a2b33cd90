import CPUBackend
import CUDABackend
import CUDATestSupport
import Foundation
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("The loss scale goes as torch.amp.GradScaler's")
struct LossScalerTests {
    /// A scaler at a scale, as a checkpoint would bring it.
    private func scaler(_ scale: Double, tracker: Int = 0) throws -> LossScaler {
        let text = #"{"scale": \#(scale), "growth_tracker": \#(tracker), "skipped_updates": 0}"#
        return try JSONDecoder().decode(LossScaler.self, from: Data(text.utf8))
    }

    @Test("it starts at 65,536, doubles after 2000 updates in a row, and halves at once")
    func growth() throws {
        var scaler = LossScaler()
        #expect(scaler.scale == 65_536)
        for _ in 0..<1999 { try scaler.note(isFinite: true) }
        #expect(scaler.scale == 65_536)
        try scaler.note(isFinite: true)
        #expect(scaler.scale == 131_072 && scaler.growthTracker == 0)
        for _ in 0..<1999 { try scaler.note(isFinite: true) }
        try scaler.note(isFinite: false)
        #expect(scaler.scale == 65_536 && scaler.skippedUpdates == 1)
        // What was made before counts no more.
        try scaler.note(isFinite: true)
        #expect(scaler.scale == 65_536 && scaler.growthTracker == 1)
    }

    @Test("it grows no further than float32 holds")
    func largest() throws {
        var scaler = try scaler(0x1p127, tracker: 1999)
        try scaler.note(isFinite: true)
        #expect(scaler.scale == 0x1p127 && scaler.growthTracker == 0)
    }

    @Test("where no scale helps, the error says what does")
    func least() throws {
        var scaler = LossScaler()
        var skipped = 0
        let error = #expect(throws: TrainingError.self) {
            while true {
                skipped += 1
                try scaler.note(isFinite: false)
            }
        }
        #expect(skipped == 30 && scaler.skippedUpdates == 30)
        let text = try #require(error).description
        #expect(text.contains("float16") && text.contains("--dtype bfloat16") && text.contains("30 updates"))
    }

    @Test("a stored scaler is the same again, and one that cannot be is known")
    func stored() throws {
        var scaler = LossScaler()
        try scaler.note(isFinite: false)
        try scaler.note(isFinite: true)
        let copy = try JSONDecoder().decode(LossScaler.self, from: JSONEncoder().encode(scaler))
        #expect(copy == scaler && copy.isSound)
        #expect(try !self.scaler(0).isSound && !self.scaler(-2).isSound && !self.scaler(3).isSound)
        #expect(try !self.scaler(2, tracker: 2000).isSound)
    }

    @Test("only models that compute in float16 have one")
    func models() throws {
        let tiny = try TinyRun()
        for type in [ElementType.float32, .bfloat16] { #expect(LossScaler(for: try tiny.model(.adapter, type)) == nil) }
        #expect(LossScaler(for: try tiny.model(.adapter, .float16)) == LossScaler())
    }

    @Test("gradients that overflow skip updates until the scale fits, and the rate waits")
    func overflow() throws {
        let tiny = try TinyRun()
        let model = try tiny.model(.languageModel, .float16)
        let trainer = try tiny.trainer(model, tiny.arguments)
        // A label's gradient is a twentieth of the scale or so: more than 65,504.
        trainer.engine.scaler = try scaler(0x1p23)
        let before = try trainedBytes(model)
        var updates: [UpdateResult] = []
        let outcome = try trainer.run(observe: {
            guard case .updated(let status) = $0 else { return }
            updates.append(status.update)
            if updates.allSatisfy(\.isSkipped) { #expect((try? trainedBytes(model)) == before) }
        })
        let skipped = updates.prefix { $0.isSkipped }.count
        #expect((1..<6).contains(skipped) && updates.dropFirst(skipped).allSatisfy { !$0.isSkipped })
        #expect(updates.prefix(skipped + 1).enumerated().allSatisfy { $1.lossScale == 0x1p23 / Double(1 << $0) })
        #expect(try trainedBytes(model) != before)
        let scaler = try #require(trainer.engine.scaler)
        #expect(scaler.skippedUpdates == skipped && scaler.scale == 0x1p23 / Double(1 << skipped))
        #expect(outcome.skippedSteps == skipped && trainer.engine.optimizer.step == 6 - skipped)
        // The warm-up begins at zero with the first update that is made.
        let rates = updates.map(\.learningRate)
        #expect(rates.prefix(skipped + 1).allSatisfy { $0 == 0 } && rates.dropFirst(skipped + 1).allSatisfy { $0 > 0 })
        let entry = try #require(outcome.log.first)
        #expect(entry.lossScale == updates[3].lossScale && entry.skippedUpdates == min(skipped, 4))
    }

    @Test("logs and the monitor's report hold the scale and the skipped updates")
    func logs() throws {
        let tiny = try TinyRun()
        var arguments = tiny.arguments
        (arguments.loggingSteps, arguments.reportTo) = (1, [.jsonl, .csv, .tensorboard])
        arguments.loggingDir = tiny.folder.path + "/logs"
        let trainer = try tiny.trainer(tiny.model(.adapter, .float16), arguments)
        trainer.engine.scaler = try scaler(0x1p23)
        let logs = try RunLogs(arguments, model: "tiny", firstStep: 0, scalesLosses: true, wallTime: { 0 })
        var history = RunHistory(model: "tiny")
        let outcome = try trainer.run(observe: {
            logs.receive($0)
            history.receive($0, elapsed: 1)
        })
        #expect(logs.failure == nil && outcome.skippedSteps > 0)
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: tiny.folder.path + "/logs/" + name, encoding: .utf8)
        }
        let rows = try text("log.csv").split(separator: "\n")
        #expect(rows[0].hasSuffix(",seconds,loss_scale,skipped_updates"))
        #expect(rows[1].hasSuffix(",8388608.0,1.0"))
        let (read, rejected) = RunHistory.parse(try text("log.jsonl"), name: "tiny")
        #expect(rejected == 0 && read.updates.map(\.lossScale) == history.updates.map(\.lossScale))
        let last = try #require(outcome.log.last)
        #expect(last.skippedUpdates == outcome.skippedSteps)
        let report = MonitorReport(history)
        #expect(report.gradients?.lossScale == last.lossScale && report.gradients?.skipped == outcome.skippedSteps)
        let events = try Data(contentsOf: URL(fileURLWithPath: try #require(logs.paths.first)))
        for tag in ["train/loss_scale", "train/skipped_updates"] {
            #expect(events.firstRange(of: Data(tag.utf8)) != nil, "\(tag)")
        }
    }

    @Test("losses and weights do not depend on the scale, but for what float16 rounds to zero")
    func independence() throws {
        let tiny = try TinyRun()
        func run(_ scale: Double) throws -> (losses: [Double], norms: [Double]) {
            let trainer = try tiny.trainer(tiny.model(.everything, .float16), tiny.arguments)
            trainer.engine.scaler = try scaler(scale)
            var results: [UpdateResult] = []
            _ = try trainer.run(observe: { if case .updated(let status) = $0 { results.append(status.update) } })
            #expect(results.allSatisfy { !$0.isSkipped })
            return (results.map(\.loss), results.map(\.gradientNorm))
        }
        let (some, other) = (try run(1024), try run(8192))
        for (a, b) in zip(some.losses, other.losses) { #expect(abs(a - b) < 2e-3 * a) }
        for (a, b) in zip(some.norms, other.norms) { #expect(abs(a - b) < 1e-2 * a) }
    }

    @Test("a run in float16 on a GPU goes as one in float32 on a processor", arguments: TinyRun.Trained.allCases)
    func training(_ trained: TinyRun.Trained) throws {
        let tiny = try TinyRun()
        func run(_ type: ElementType) throws -> [UpdateResult] {
            var arguments = tiny.arguments
            arguments.fp16 = type == .float16
            var results: [UpdateResult] = []
            _ = try tiny.trainer(tiny.model(trained, type), arguments).run(observe: {
                if case .updated(let status) = $0 { results.append(status.update) }
            })
            return results
        }
        let (half, exact) = (try run(.float16), try run(.float32))
        #expect(half.count == exact.count && half.allSatisfy { !$0.isSkipped && $0.lossScale == 65_536 })
        expectNear(half, exact, lossTolerance: 5e-3)
    }

    /// Losses within a share of themselves, norms of gradients within 3 %.
    private func expectNear(_ half: [UpdateResult], _ exact: [UpdateResult], lossTolerance: Double) {
        for (found, wanted) in zip(half, exact) {
            #expect(abs(found.loss - wanted.loss) < lossTolerance * wanted.loss, "\(found.loss), \(wanted.loss)")
            let error = abs(found.gradientNorm - wanted.gradientNorm)
            #expect(error < 3e-2 * wanted.gradientNorm, "\(found.gradientNorm), \(wanted.gradientNorm)")
        }
    }

    @Test("the sample model learns in float16 as in float32")
    func sample() throws {
        let tiny = try TinyRun()
        let folder = Folders.samples.appendingPathComponent("tiny-paligemma2").path
        func run(_ type: ElementType, on backend: any Backend) throws -> [UpdateResult] {
            let model = try PaliGemma(folder: folder, elementType: type, backend: backend)
            try model.attach(AdapterConfiguration(r: 2, targetModules: .languageModel(["q_proj", "v_proj"])), seed: 2)
            let processor = try PaliGemmaProcessor(folder: folder, configuration: model.configuration)
            var arguments = tiny.arguments
            (arguments.maxSteps, arguments.gradientAccumulationSteps, arguments.warmupSteps) = (2, 1, 0)
            let trainer = try Trainer(
                model, processor, examples: Array(tiny.examples.prefix(2)),
                loader: PictureLoader(processor, cache: FeatureCache(budget: 1 << 20)), arguments)
            var results: [UpdateResult] = []
            _ = try trainer.run(observe: { if case .updated(let status) = $0 { results.append(status.update) } })
            return results
        }
        let half = try run(.float16, on: CUDABackend(EmulatedCUDA.options()))
        let exact = try run(.float32, on: CPUBackend())
        #expect(half.count == 2 && half.allSatisfy { !$0.isSkipped })
        expectNear(half, exact, lossTolerance: 1e-2)
    }

    @Test("a pretraining, which scales nothing, refuses float16")
    func pretraining() throws {
        let tiny = try TinyRun()
        let model = try tiny.model(.everything, .float16)
        let error = #expect(throws: TrainingError.self) {
            try Pretrainer(model, tiny.processor, PretrainingArguments(), now: { 0 })
        }
        #expect(try #require(error).description.hasPrefix("dtype:"))
    }

    @Test("the noise of gradients is measured in float16 as in float32")
    func probe() throws {
        let tiny = try TinyRun()
        func noise(_ type: ElementType) throws -> GradientNoise {
            let probe = try GradientProbe(
                tiny.model(.languageModel, type), tiny.processor, examples: tiny.examples, loader: tiny.loader(),
                tiny.arguments)
            return try #require(try probe.noise(size: 1, microBatches: 2, groups: 2, seed: 1))
        }
        let (half, exact) = (try noise(.float16), try noise(.float32))
        #expect(abs(half.smallSquare - exact.smallSquare) < 3e-2 * exact.smallSquare)
        #expect(abs(half.largeSquare - exact.largeSquare) < 3e-2 * exact.largeSquare)
    }
}
