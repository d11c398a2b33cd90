import Console
import Detection
import Images

/// `confusion`: which class was taken for which.
struct ConfusionCommand: Command {
    static let name = "confusion"
    static let summary = "show the confusion matrix of the last evaluation, with precision, recall, F1 and support"
    static let discussion = """
        Rows are what is there, columns what was found; the last of each is the background: missed objects, and boxes where
        nothing is. Pairs are made by supervision's rule: overlap over --iou-threshold.
        """
    static let examples = ["confusion --iou-threshold 0.5"]

    @Option("the least overlap of a pair", in: 0...1) var iouThreshold = 0.5
    @Option("the least confidence that counts", in: 0...1) var confThreshold = 0.3
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
        context.emit(.image(try context.save(map.makeImage(), alt: "confusion matrix of \(evaluated.split.rawValue)")))
    }

    private func counts(_ matrix: ConfusionMatrix, _ names: [String]) -> Table {
        var table = Table(
            title: "there, down; found, across", columns: [.init("")] + names.map { .init($0) })
        for (name, row) in zip(names, matrix.counts) { table.add(["\(name)"] + row.map { "\($0)" }) }
        return table
    }

    private func scores(_ matrix: ConfusionMatrix) -> Table {
        var table = Table("class", "precision", "recall", "f1", "support")
        for score in matrix.classScores + [matrix.totals] {
            table.add([
                "\(score.name)", "\(score.precision, .fixed(3))", "\(score.recall, .fixed(3))",
                "\(score.f1, .fixed(3))", "\(score.support)",
            ])
        }
        return table
    }
}

/// Whose pairing of boxes is followed.
enum ConfusionChoice: String, Choice {
    case newest
    case supervision025 = "supervision-0.25"
}
