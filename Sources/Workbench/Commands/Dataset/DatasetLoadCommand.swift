import Console
import Datasets

/// `dataset load`: reads a folder of labelled pictures.
struct DatasetLoadCommand: Command {
    static let name = "dataset load"
    static let summary = "read a folder of labelled pictures: PaliGemma JSONL, COCO, YOLO or Pascal VOC"
    static let discussion = """
        In the PaliGemma layout the folder holds _annotations.train.jsonl, _annotations.valid.jsonl and
        _annotations.test.jsonl, or some of them, beside the pictures. A row is {"image": ..., "prefix": ..., "suffix": ...}.
        The first row that cannot be used is the error, unless --skip-invalid leaves such rows out; they are then counted,
        and the first of them shown.
        """
    static let examples = ["dataset load", "dataset load samples/cards --skip-invalid"]

    @Argument("the data set's folder", completion: .anyOf([.live(.datasets), .folder])) var folder = Path(
        SampleFolders.cardsName)
    @Flag("leave out rows that cannot be used, and count them") var skipInvalid = false
    @Option("the folder's layout; found out if not given") var format: DatasetFormatChoice?
    @Option("how many locations span a picture") var divisor = DivisorChoice.locations1024

    private static let shownRejects = 5

    mutating func run(_ context: CommandContext) throws {
        let options = DatasetReadingOptions(skipsInvalidRows: skipInvalid, divisor: divisor.value)
        let dataset = try DetectionDataset.load(
            folder: context.existingFolder(folder), format: format?.format, options: options)
        context.workspace[DatasetSlot.self] = dataset
        context.emit(.table(counts(dataset)))
        context.say(
            "\(dataset.classes.count.counting("class", plural: "classes")): \(dataset.classes.joined(separator: ", "))")
        warnOfRejects(dataset.rejectedRows, context)
    }

    private func counts(_ dataset: DetectionDataset) -> Table {
        var table = Table("split", "images", "boxes", "images without boxes")
        for split in DatasetSplit.allCases where dataset.splits[split] != nil {
            let examples = dataset.examples(split)
            let boxes = examples.reduce(0) { $0 + $1.detections.count }
            table.add([
                "\(split.rawValue)", "\(examples.count)", "\(boxes)", "\(examples.count { $0.detections.isEmpty })",
            ])
        }
        return table
    }

    private func warnOfRejects(_ rejected: [DatasetError], _ context: CommandContext) {
        guard !rejected.isEmpty else { return }
        let shown = rejected.prefix(Self.shownRejects)
        let rest = rejected.count - shown.count
        context.warn(
            "\(rejected.count.counting("row was", plural: "rows were")) left out\(rest > 0 ? "; the first \(shown.count):" : ":")"
        )
        for row in shown { context.warn("\(row)") }
    }
}

/// The layouts of data sets, as words of the command line.
enum DatasetFormatChoice: String, Choice {
    case paligemma, coco, yolo, voc

    var format: DatasetFormat {
        switch self {
        case .paligemma: .paligemma
        case .coco: .coco
        case .yolo: .yolo
        case .voc: .voc
        }
    }
}
