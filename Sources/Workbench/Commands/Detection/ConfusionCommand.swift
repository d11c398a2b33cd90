import Console
import Detection
import Images

/// `confusion`: which class was taken for which.
struct ConfusionCommand: Command {
    static let name = "confusion"
    static let summary = "show which classes the last evaluation confused, precision, recall, F1, and errors by kind"
    static let discussion = """
        Rows are what is there, columns what was found; the last of each is the background: missed objects, and boxes where
        nothing is. Pairs are made by supervision's rule: overlap over --iou-threshold. Errors are sorted as TIDE does:
        location (right class, overlap below --iou-threshold), class, duplicate, background, class and location, missed.
        """
    static let examples = ["confusion --iou-threshold 0.5"]

    @Option("the least overlap of a pair", in: 0...1) var iouThreshold = 0.5
    @Option("the least confidence that counts", in: 0...1) var confThreshold = 0.3
    @Option("how many confused pairs are listed", in: 0...1000) var mostPairs = 10
    @Option("whose pairing is followed") var metric = ConfusionChoice.newest

    mutating func run(_ context: CommandContext) throws {
        guard let evaluated = context.workspace[PredictionsSlot.self] else {
            throw Failure(code: "NothingEvaluated", message: "nothing has been evaluated yet", next: "evaluate test")
        }
        let matrix = try ConfusionMatrix.evaluate(
            evaluated.images, classes: evaluated.classes,
            options: .init(
                confidenceThreshold: confThreshold, iouThreshold: iouThreshold,
                compatibility: metric == .newest ? .newest : .supervision025))
        context.emit(.table(scores(matrix)))
        let names = matrix.classes + ["background"]
        let map = HeatMap(
            title: "Confusion matrix, \(evaluated.split.rawValue)", rowLabel: "there", columnLabel: "found",
            rowNames: names, columnNames: names, values: matrix.counts.map { $0.map(Double.init) })
        context.emit(.table(counts(matrix, names)))
        emitConfusions(matrix, context)
        context.emit(.table(try errors(evaluated)))
        context.emit(.image(try context.save(map.makeImage(), alt: "confusion matrix of \(evaluated.split.rawValue)")))
    }

    private func emitConfusions(_ matrix: ConfusionMatrix, _ context: CommandContext) {
        let pairs = matrix.confusions
        guard !pairs.isEmpty else { return context.say("no class was taken for another") }
        var table = Table("there", "found as", "times")
        for pair in pairs.prefix(mostPairs) { table.add(["\(pair.labelled)", "\(pair.predicted)", "\(pair.count)"]) }
        context.emit(.table(table))
        if pairs.count > mostPairs { context.say("and \(pairs.count - mostPairs) pairs more; --most-pairs shows them") }
    }

    private func errors(_ evaluated: EvaluatedSplit) throws -> Table {
        var options = DetectionErrors.Options()
        (options.confidenceThreshold, options.iouThreshold) = (confThreshold, iouThreshold)
        options.backgroundThreshold = min(options.backgroundThreshold, iouThreshold)
        let errors = try DetectionErrors.evaluate(evaluated.images, classes: evaluated.classes, options: options)
        let kinds = DetectionErrors.Kind.allCases
        var table = Table(columns: (["class", "right"] + kinds.map(\.rawValue)).map { .init($0) })
        for (number, name) in errors.classes.enumerated() {
            table.add(
                ["\(name)", "\(errors.correct[number])"] + kinds.map { "\(errors.counts[number][$0] ?? 0)" })
        }
        table.add(["all", "\(errors.correct.reduce(0, +))"] + kinds.map { "\(errors.total($0))" })
        return table
    }

    private func counts(_ matrix: ConfusionMatrix, _ names: [String]) -> Table {
        var table = Table(
            title: "there, down; found, across", columns: [.init("")] + names.map { .init($0) })
        for (name, row) in zip(names, matrix.counts) { table.add(["\(name)"] + row.map { "\($0)" }) }
        return table
    }

    private func scores(_ matrix: ConfusionMatrix) -> Table {
        var table = Table("class", "precision", "recall", "f1", "support")
        func add(_ name: String, _ precision: Double, _ recall: Double, _ f1: Double, _ support: Int) {
            table.add([
                "\(name)", "\(precision, .fixed(3))", "\(recall, .fixed(3))", "\(f1, .fixed(3))", "\(support)",
            ])
        }
        for score in matrix.classScores + [matrix.totals] {
            add(score.name, score.precision, score.recall, score.f1, score.support)
        }
        for (name, mean) in [("mean", matrix.macroAverage), ("weighted mean", matrix.weightedAverage)] {
            add(name, mean.precision, mean.recall, mean.f1, mean.support)
        }
        return table
    }
}

/// Whose pairing of boxes is followed.
enum ConfusionChoice: String, Choice {
    case newest
    case supervision025 = "supervision-0.25"
}
