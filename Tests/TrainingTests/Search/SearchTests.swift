import Foundation
import Models
import Testing

@testable import Training

@Suite("A search by successive halving")
struct SearchTests {
    @Test(
        "halves down to two, the last round in full",
        arguments: [
            (1, [1], [1.0]), (2, [2], [1.0]), (3, [3, 2], [0.25, 1.0]), (8, [8, 4, 2], [0.25, 0.5, 1.0]),
            (100, [100, 50, 25, 13], [0.25, 0.375, 0.625, 1.0]),
        ])
    func plan(_ budget: Int, _ counts: [Int], _ shares: [Double]) {
        let plan = HalvingPlan(budget: budget)
        #expect(plan.rungs.map(\.count) == counts && plan.rungs.map(\.share) == shares)
        #expect(plan.trainingCount == counts.reduce(0, +))
    }

    @Test("configurations depend on seed and number; the first is the walkthrough's")
    func settings() {
        let space = SearchSpace()
        #expect(space.settings(number: 1, seed: 3) == .walkthrough)
        var narrow = space
        (narrow.targets, narrow.epochs, narrow.augmentations) = ([.attention], [2, 1], [.both])
        let first = narrow.settings(number: 1, seed: 3)
        #expect(first.targets == .attention && first.rank == 8 && first.epochs == 2 && first.augmentation == .both)
        let all = (2...60).map { space.settings(number: $0, seed: 3) }
        #expect(all == (2...60).map { space.settings(number: $0, seed: 3) })
        #expect(all != (2...60).map { space.settings(number: $0, seed: 4) })
        for settings in all {
            let bounds = settings.targets.isAdapter ? space.adapterRates : space.modelRates
            #expect(settings.learningRate >= bounds[0] * 0.99 && settings.learningRate <= bounds[1] * 1.01)
            #expect((settings.rank == nil) == (settings.targets == .languageModel))
        }
        #expect(Set(all.map(\.targets)).count == 3 && Set(all.map(\.augmentation)).count == 4)
        #expect(Set(all.map(\.batchSize)).count == 3 && Set(all.map(\.learningRate)).count > 10)
    }

    @Test("ranks by the metric, then by what is finer, a lost training last")
    func ranking() {
        func result(_ trial: Int, _ map50: Double, _ map: Double, _ loss: Double) -> TrialResult {
            TrialResult(
                trial: trial, rung: 1, share: 1, settings: .walkthrough, updates: 1, trainLoss: 1, evalLoss: loss,
                map50: map50, map50To95: map, seconds: 0)
        }
        let all = [
            result(1, 0.9, 0.8, 1), result(2, 0.95, 0.7, 2), result(3, 0.95, 0.7, 1), result(4, 0.95, 0.7, 1),
            result(5, 0, 0, .nan),
        ]
        #expect(all.ranked(by: .map50).map(\.trial) == [3, 4, 2, 1, 5])
        #expect(all.ranked(by: .map50To95).map(\.trial) == [1, 3, 4, 2, 5])
        #expect(all.ranked(by: .loss).map(\.trial) == [1, 3, 4, 2, 5])
    }

    /// A search of two configurations of the tiny model.
    private struct Made {
        let tiny: TinyRun
        let model: PaliGemma
        let folder: String
        var space = SearchSpace()

        init(_ tiny: TinyRun, _ name: String) throws {
            self.tiny = tiny
            model = try tiny.model(.everything)
            folder = "\(tiny.folder.path)/\(name)"
            (space.epochs, space.batchSizes, space.targets) = ([1], [3], [.language])
        }

        func search(seed: UInt64 = 9, restarts: Bool = false) throws -> (ConfigurationSearch, TrialJournal) {
            let examples = tiny.examples.map(tiny.labelled)
            let runner = try TrialRunner(
                model, tiny.processor, loader: tiny.loader(), examples: examples, copies: Array(examples.prefix(2)),
                evaluation: EvaluationSplit(examples: Array(examples.prefix(2)), classes: ["card"]), seed: seed)
            let journal = try TrialJournal(
                folder: folder,
                .init(
                    seed: seed, budget: 3, metric: "map50", space: space, model: "tiny", trainExamples: 6,
                    validExamples: 2), restarts: restarts)
            return (
                try ConfigurationSearch(
                    budget: 3, metric: .map50, space: space, seed: seed, runner: runner, journal: journal), journal
            )
        }

        func lines() throws -> [Substring] {
            try String(contentsOfFile: folder + "/" + TrialJournal.fileName, encoding: .utf8).split(separator: "\n")
        }
    }

    @Test("goes on after a kill from what its journal holds, to the same results, and leaves the model as it was")
    func resuming() throws {
        let tiny = try TinyRun()
        let whole = try Made(tiny, "whole")
        let before = try trainedBytes(whole.model)
        let uncut = try #require(try whole.search().0.run(now: { 0 }))
        #expect(uncut.count == 2 && Set(uncut.map(\.rung)) == [2])
        #expect(try trainedBytes(whole.model) == before && whole.model.adapter == nil)
        #expect(try whole.lines().count == 1 + 3 + 2)

        let cut = try Made(tiny, "cut")
        var ended = 0
        let stopped = try cut.search().0.run(
            now: { 0 }, shouldStop: { ended >= 2 },
            observe: { if case .ended = $0 { ended += 1 } })
        #expect(stopped == nil)
        #expect(try trainedBytes(cut.model) == before)
        // A kill in the middle of a line: what it cut off is dropped.
        let path = cut.folder + "/" + TrialJournal.fileName
        let kept = try Data(contentsOf: URL(fileURLWithPath: path))
        try (kept + Data(#"{"trial":3,"ru"#.utf8)).write(to: URL(fileURLWithPath: path))
        var known = 0
        let (search, journal) = try cut.search()
        let resumed = try search.run(
            now: { 0 },
            observe: { if case .ended(_, isKnown: true) = $0 { known += 1 } })
        #expect(known == 2 && resumed == uncut && journal.results.count == 5)
        #expect(try cut.lines() == whole.lines())
    }

    @Test("a journal of another search, or of none, is refused; restarting throws it away")
    func journals() throws {
        let made = try Made(try TinyRun(), "search")
        _ = try made.search()
        #expect {
            try made.search(seed: 10)
        } throws: { "\($0)".contains("seed was 9, is 10") }
        #expect(try made.search(seed: 10, restarts: true).1.results.isEmpty)
        let path = made.folder + "/" + TrialJournal.fileName
        try Data("hello\n".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: TrainingError.self) { try made.search() }
    }

    @Test("the mean of trainings is that of their merged weights, taken where it does no worse than the first")
    func mean() throws {
        let tiny = try TinyRun()
        let model = try tiny.model(.everything)
        let examples = tiny.examples.map(tiny.labelled)
        let runner = try TrialRunner(
            model, tiny.processor, loader: tiny.loader(), examples: examples, copies: [],
            evaluation: EvaluationSplit(examples: Array(examples.prefix(2)), classes: ["card"]), seed: 9)
        let settings = TrialSettings(
            targets: .language, learningRate: 1e-2, rank: 2, epochs: 1, batchSize: 3, augmentation: .none)
        func values() throws -> [[Float]] {
            if model.adapter != nil { _ = try model.mergeAdapter() }
            return try model.parameters.parameters.map { try $0.value.floats() }
        }
        let start = try values()
        let each = try [UInt64(9), 10, 11].map { seed in
            _ = try runner.trainer(settings, seed: seed).run()
            return try values()
        }
        #expect(each[0] != each[1] && each[1] != each[2])
        for metric in [TrainingArguments.BestMetric.loss, .map50] {
            let best = try #require(
                try runner.run(
                    trial: 4, rung: 1, settings, share: 1, now: { 0 }, shouldStop: { false }, observe: { _ in }))
            let averaged = try #require(try runner.average(best, count: 3, by: metric, now: { 0 }))
            let found = try values()
            #expect(averaged.isTaken == (averaged.result.evalLoss <= best.evalLoss))
            for (place, weights) in found.enumerated() {
                for (i, value) in weights.enumerated() {
                    let mean = (0..<3).reduce(0) { $0 + Double(each[$1][place][i]) } / 3
                    let expected = averaged.isTaken ? mean : Double(each[0][place][i])
                    guard abs(Double(value) - expected) <= 1e-6 else {
                        Issue.record("\(model.parameters.parameters[place].name): \(value) for \(expected)")
                        return
                    }
                }
            }
        }
        runner.reset()
        #expect(try values() == start)
    }

    @Test("a model with an adapter is refused")
    func adapter() throws {
        let tiny = try TinyRun()
        #expect(throws: TrainingError.self) {
            try TrialRunner(
                tiny.model(.adapter), tiny.processor, loader: tiny.loader(), examples: tiny.examples, copies: [],
                evaluation: EvaluationSplit(examples: [], classes: []), seed: 1)
        }
    }

    @Test("copies of pictures do not lengthen a training")
    func lengths() throws {
        let tiny = try TinyRun()
        let examples = tiny.examples.map(tiny.labelled)
        let runner = try TrialRunner(
            tiny.model(.everything), tiny.processor, loader: tiny.loader(), examples: examples, copies: examples,
            evaluation: EvaluationSplit(examples: examples, classes: ["card"]), seed: 1)
        var settings = TrialSettings.walkthrough
        (settings.epochs, settings.batchSize) = (4, 2)
        let plain = try runner.trainer(settings).plan.totalSteps
        settings.augmentation = .both
        #expect(plain == 12)
        #expect(try runner.trainer(settings).plan.totalSteps == 12)
        #expect(try runner.trainer(settings, share: 0.5).plan.totalSteps == 6)
        #expect(runner.arguments(settings).packedOrders == 2)
    }
}
