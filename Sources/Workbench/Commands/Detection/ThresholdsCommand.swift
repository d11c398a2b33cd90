import Console
import Detection
import Images

/// `thresholds`: from which confidence boxes of a class count.
struct ThresholdsCommand: Command {
    static let name = "thresholds"
    static let summary = "choose the confidence threshold of the best F1 for each class, on the last evaluation"
    static let discussion = """
        Evaluate the validation split first (test is warned of), and calibrate if you wish. Thresholds are tried from 0.30 to
        0.85 in steps of 0.05; with --all-values every confidence that occurs. `infer --thresholds` and `evaluate
        --thresholds` then leave out boxes below them, and `model save` keeps them. A class without boxes or targets gets
        none. The picture shows all boxes together, and the six classes of the lowest F1.
        """
    static let examples = ["thresholds --all-values"]

    @Flag("try every confidence that occurs") var allValues = false
    @Option("the least overlap of a right box", in: 0...1) var iouThreshold = 0.5

    /// How many classes the picture shows beside their sum: as many as there are colors to tell them apart.
    private static let mostCurves = 6

    mutating func run(_ context: CommandContext) throws {
        let evaluated = try context.rankedPredictions()
        let images = evaluated.images(scaledBy: context.tuning.scaling(of: evaluated.scores.rawValue))
        let samples = try ConfidenceSample.all(images, classes: evaluated.classes, iouThreshold: iouThreshold)
        let targetCounts = evaluated.classes.indices.map { classID in
            images.reduce(0) { $0 + $1.targets.classIDs.count { $0 == classID } }
        }
        let chosen = ClassThreshold.best(
            samples, targetCounts: targetCounts, classes: evaluated.classes,
            candidates: allValues ? nil : ClassThreshold.grid)
        let unfiltered = ClassThreshold.best(
            samples, targetCounts: targetCounts, classes: evaluated.classes, candidates: [0])
        var tuning = context.tuning
        tuning.thresholdScores = evaluated.scores.rawValue
        tuning.thresholds = Dictionary(
            chosen.compactMap { choice in choice.threshold.map { (choice.name, $0) } },
            uniquingKeysWith: { first, _ in first })
        context.tuning = tuning
        context.emit(.table(table(chosen, unfiltered)))
        let missing = chosen.filter { $0.threshold == nil }.map(\.name)
        if !missing.isEmpty {
            context.warn("no boxes or no targets to choose by: \(missing.joined(separator: ", "))")
        }
        let picture = chart(samples, targetCounts, worst(chosen), evaluated).makeImage()
        try context.emit(.image(context.save(picture, alt: "precision over recall of \(evaluated.split.rawValue)")))
    }

    private func table(_ chosen: [ClassThreshold], _ unfiltered: [ClassThreshold]) -> Table {
        var table = Table("class", "threshold", "precision", "recall", "f1", "f1 of all boxes", "support")
        func row(_ name: String, _ threshold: Double?, _ scores: ClassScores, _ all: ClassScores) {
            table.add([
                "\(name)", threshold.map { "\($0, .fixed(4))" } ?? "-", "\(scores.precision, .fixed(3))",
                "\(scores.recall, .fixed(3))", "\(scores.f1, .fixed(3))", "\(all.f1, .fixed(3))", "\(scores.support)",
            ])
        }
        for (choice, all) in zip(chosen, unfiltered) { row(choice.name, choice.threshold, choice.scores, all.scores) }
        row("all", nil, ClassScores(summing: chosen.map(\.scores)), ClassScores(summing: unfiltered.map(\.scores)))
        return table
    }

    /// The classes of the lowest F1, in their order.
    private func worst(_ chosen: [ClassThreshold]) -> [Int] {
        let byF1 = chosen.indices.sorted { (chosen[$0].scores.f1, $0) < (chosen[$1].scores.f1, $1) }
        return byF1.prefix(Self.mostCurves).sorted()
    }

    private func chart(
        _ samples: [ConfidenceSample], _ targetCounts: [Int], _ shown: [Int], _ evaluated: EvaluatedSplit
    ) -> LineChart {
        func series(_ name: String, _ samples: [ConfidenceSample], _ count: Int) -> LineChart.Series {
            let points = PrecisionRecallPoint.curve(samples, targetCount: count)
            return .init(name: name, points: points.map { Canvas.Point(x: $0.recall, y: $0.precision) })
        }
        var all = [series("all", samples, targetCounts.reduce(0, +))]
        all += shown.map { classID in
            series(evaluated.classes[classID], samples.filter { $0.classID == classID }, targetCounts[classID])
        }
        return LineChart(
            title: "Precision over recall, \(evaluated.split.rawValue)", xLabel: "recall", yLabel: "precision",
            series: all, xRange: 0...1, yRange: 0...1)
    }
}
