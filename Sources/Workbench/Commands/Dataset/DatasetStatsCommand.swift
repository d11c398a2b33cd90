import Console
import Datasets

/// `dataset stats`: how often what occurs.
struct DatasetStatsCommand: Command {
    static let name = "dataset stats"
    static let summary = "count boxes and images by class, boxes by size, and images by size"
    static let discussion = """
        Small boxes cover less than 32 x 32 pixels of the picture as stored, large ones at least 96 x 96, as in COCO.
        """
    static let examples = ["dataset stats", "dataset stats train"]

    @Argument("the split; all of them if not given") var split: SplitName?

    mutating func run(_ context: CommandContext) throws {
        let dataset = try context.loadedDataset()
        let splits =
            try split.map { [try context.existing($0)] }
            ?? DatasetSplit.allCases.filter {
                !dataset.examples($0).isEmpty
            }
        let parts = splits.map { DatasetStatistics(dataset.examples($0), classes: dataset.classes) }
        let whole = DatasetStatistics(splits.flatMap { dataset.examples($0) }, classes: dataset.classes)
        context.emit(.table(classTable(whole, parts, splits)))
        context.emit(.fields(fields(whole)))
    }

    /// Boxes of each class by split, then boxes and images over all of them.
    private func classTable(
        _ whole: DatasetStatistics, _ parts: [DatasetStatistics], _ splits: [DatasetSplit]
    ) -> Table {
        let several = splits.count > 1
        let headings = ["class"] + (several ? splits.map { "\($0.rawValue) boxes" } : []) + ["boxes", "images"]
        var table = Table(columns: headings.map { Table.Column($0) })
        for (place, row) in whole.classes.enumerated() {
            let counts = several ? parts.map { $0.classes[place].boxCount } : []
            table.add(["\(row.name)"] + (counts + [row.boxCount, row.imageCount]).map { "\($0)" })
        }
        let totals = several ? parts.map(\.boxCount) : []
        table.add([Text("all", style: .strong)] + (totals + [whole.boxCount, whole.imageCount]).map { "\($0)" })
        return table
    }

    private func fields(_ whole: DatasetStatistics) -> Fields {
        let byCount = whole.imagesByBoxCount.enumerated().filter { $0.element > 0 }
        let sizes = whole.sizes.prefix(5).map { "\($0.width)x\($0.height) (\($0.imageCount))" }
        let rest = whole.sizes.count - sizes.count
        return Fields([
            ("boxes an image", "\(Double(whole.boxCount) / Double(max(whole.imageCount, 1)), .fixed(2))"),
            (
                "images by boxes",
                "\(byCount.map { "\($0.element) with \($0.offset)" }.joined(separator: ", "))"
            ),
            (
                "boxes by area",
                "\(whole.areas.small) small, \(whole.areas.medium) medium, \(whole.areas.large) large"
            ),
            ("image sizes", "\(sizes.joined(separator: ", "))\(rest > 0 ? " and \(rest) more" : "")"),
        ])
    }
}

extension CommandContext {
    /// A split of the loaded data set, or a failure that says which splits there are.
    func existing(_ split: SplitName) throws -> DatasetSplit {
        _ = try examples(of: split)
        return split.split
    }
}
