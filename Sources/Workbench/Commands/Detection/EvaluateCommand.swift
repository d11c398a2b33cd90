import Console
import Datasets
import Detection
import Models
import Training

/// `evaluate`: mAP over a split.
struct EvaluateCommand: Command {
    static let name = "evaluate"
    static let summary = "detect over a split and score it: mAP 50:95, 50, 75, by size and by class"
    static let discussion = """
        Figures are those of pycocotools. Boxes are ranked by the confidence that --scores names; with `none`, and in free
        answers, all count 1 and keep their order. --predictions scores a stored file without a model. --out stores what was
        predicted: as JSON lines, COCO JSON or CSV by the file's ending, and a folder gets all three.
        """
    static let examples = ["evaluate test --count 2", "evaluate valid --scores class --out /tmp/palinote-valid"]

    @Argument("the split") var split = SplitName.test
    @Option("score this predictions file instead of a model", completion: .file(extensions: ["jsonl"])) var predictions:
        Path?
    @Option("write the predictions: FILE.jsonl, FILE.json (COCO), FILE.csv, or a folder") var out: Path?
    @Option("only the first images of the split") var count: Int?
    @Option("whose definition of mAP is followed") var metric = MetricChoice.coco
    @OptionGroup var answers: AnswerOptions

    mutating func run(_ context: CommandContext) throws {
        context.applyDefaults(to: self)
        let dataset = try context.loadedDataset()
        try PredictionFiles.prepare(out, context)
        var examples = try context.examples(of: split)
        if let count { examples = Array(examples.prefix(max(count, 1))) }
        let start = context.now()
        let filter = try answers.filter(context)
        let scaling = predictions == nil ? answers.scaling(context) : nil
        let all = try predictions.map { try read($0, examples, context) } ?? predict(examples, context)
        let predicted = all.map { $0.with(filter($0.detections.scaled(by: scaling))) }
        let images = zip(examples, predicted).map { example, prediction in
            ScoredImage(
                predictions: prediction.detections.withClassIDs(in: dataset.classes)
                    .filtered { $0.classID != nil }, targets: example.detections)
        }
        context.workspace[PredictionsSlot.self] = EvaluatedSplit(
            split: split.split, classes: dataset.classes, images: images, predictions: predicted,
            scores: answers.method(context), scaling: scaling, isFiltered: answers.thresholds)
        if let out {
            let files = try PredictionFiles.write(predicted, classes: dataset.classes, to: out, context)
            for file in files { context.say("wrote \(.path(file))") }
        }
        let map = try MeanAveragePrecision.evaluate(
            images, classes: dataset.classes,
            options: .init(compatibility: metric == .coco ? .coco : .supervision025))
        show(map, images, unknown: unknownNames(predicted, dataset), seconds: context.now() - start, context)
    }

    private func predict(_ examples: [DetectionExample], _ context: CommandContext) throws -> [ImagePredictions] {
        let interrupt = context.interrupt
        let start = context.now()
        var cut = 0
        let found = try answers.detector(context).answers(
            to: examples.map { DetectionQuery($0, classes: nil) }, shouldStop: { interrupt.isRequested }
        ) { done in
            let seconds = max(context.now() - start, 1e-9)
            context.report(
                Progress(
                    label: "evaluate", completed: done, total: examples.count,
                    rate: .rate(Double(done) / seconds, unit: "img/s"), elapsed: seconds,
                    isFinished: done == examples.count))
        }
        try interrupt.check()
        for answer in found where !answer.isEnded { cut += 1 }
        let repeats = found.reduce(0) { $0 + $1.repeatCount }
        if repeats > 0 { context.warn("\(repeats.counting("object")) said again, left out") }
        if cut > 0 {
            context.warn("\(cut) answers were cut at \(answers.maxNewTokens) tokens; --max-new-tokens allows more")
        }
        let rejected = found.reduce(0) { $0 + $1.rejected.count }
        if rejected > 0 { context.warn("\(rejected) parts of answers were no detections and were left out") }
        return zip(examples, found).map { example, answer in
            ImagePredictions(
                image: example.imageName, width: example.width, height: example.height, detections: answer.detections)
        }
    }

    /// The stored predictions of the examples, in their order; an image without a line has none.
    private func read(
        _ path: Path, _ examples: [DetectionExample], _ context: CommandContext
    ) throws -> [ImagePredictions] {
        let stored = try ImagePredictions.parse(FileAccess.read(context.resolveInput(path)), name: path.text)
        let byName = Dictionary(stored.map { ($0.image, $0) }) { first, _ in first }
        let unknown = Set(byName.keys).subtracting(examples.map(\.imageName))
        if !unknown.isEmpty {
            context.warn(
                "\(unknown.count) images of \(path.text) are not in \(split.rawValue): \(unknown.sorted().prefix(3).joined(separator: ", "))"
            )
        }
        let missing = examples.filter { byName[$0.imageName] == nil }.count
        if missing > 0 { context.warn("\(missing) images have no line in \(path.text); they count as empty") }
        return examples.map { example in
            byName[example.imageName]
                ?? ImagePredictions(
                    image: example.imageName, width: example.width, height: example.height, detections: .empty)
        }
    }

    private func unknownNames(_ predicted: [ImagePredictions], _ dataset: DetectionDataset) -> Int {
        let known = Set(dataset.classes)
        return predicted.reduce(0) { $0 + $1.detections.classNames.filter { !known.contains($0) }.count }
    }

    private func show(
        _ map: MeanAveragePrecision, _ images: [ScoredImage], unknown: Int, seconds: Double, _ context: CommandContext
    ) {
        let boxes = images.reduce(0) { $0 + $1.predictions.count }
        let targets = images.reduce(0) { $0 + $1.targets.count }
        context.emit(
            .fields(
                Fields([
                    ("images", "\(images.count), \(boxes) boxes found, \(targets) there"),
                    ("ranking", ranking(images, context)),
                    ("map50_95", number(map.all.map50To95)), ("map50", number(map.all.map50)),
                    ("map75", number(map.all.map75)),
                    (
                        "small / medium / large",
                        number(map.small.map50To95) + " / " + number(map.medium.map50To95) + " / "
                            + number(map.large.map50To95)
                    ),
                    ("time", Text(.duration(seconds))),
                ])))
        if unknown > 0 {
            context.warn("\(unknown) boxes have names that the data set does not know; they are left out")
        }
        var table = Table("class", "boxes", "ap50_95", "ap50", "ap75")
        for result in map.classes {
            table.add([
                "\(result.name)", "\(result.targetCount)", number(result.ap50To95), number(result.ap50),
                number(result.ap75),
            ])
        }
        context.emit(.table(table))
    }

    /// What orders the boxes.
    private func ranking(_ images: [ScoredImage], _ context: CommandContext) -> Text {
        guard images.allSatisfy({ $0.predictions.isEmpty || $0.predictions.confidences != nil }) else {
            return "unranked: boxes have no confidence and keep their order"
        }
        guard predictions == nil else { return "by the file's confidences" }
        let temperature = answers.scaling(context).map { ", temperature \($0.temperature, .fixed(3))" as Text } ?? ""
        return "by \(answers.method(context).rawValue) scores" + temperature
            + (answers.thresholds ? ", above thresholds" : "")
    }

    /// A score, or a dash where there is nothing to score.
    private func number(_ value: Double?) -> Text {
        value.map { "\($0, .fixed(4))" } ?? "-"
    }
}

/// Whose definition of mAP is followed.
enum MetricChoice: String, Choice {
    case coco
    case supervision025 = "supervision-0.25"
}
