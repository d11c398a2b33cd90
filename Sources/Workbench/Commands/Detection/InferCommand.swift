import Console
import Datasets
import Detection
import Images
import Models
import Training

/// `infer`: finds objects in one picture.
struct InferCommand: Command {
    static let name = "infer"
    static let summary = "find objects in one image by greedy generation, and draw them"
    static let discussion = """
        The image is a file, or an example of the data set: `test[0]`. An example brings its own prompt; a file needs
        --prefix, such as `detect ace of hearts ; king of spades`.
        """
    static let examples = ["infer 'test[0]'", "infer samples/cards/test_000.jpg --prefix 'detect card'"]

    @Argument("an image file, or an example such as test[0]") var image: String
    @Option("the prompt") var prefix: String?
    @Flag("accept only names that the prompt lists") var listedOnly = false
    @OptionGroup var answers: AnswerOptions

    mutating func run(_ context: CommandContext) throws {
        let query = try makeQuery(context)
        let interrupt = context.interrupt
        let start = context.now()
        let found = try answers.detector(context).answers(to: [query], shouldStop: { interrupt.isRequested })
        try interrupt.check()
        guard let answer = found.first else { return }
        show(answer, query, seconds: context.now() - start, context)
        let exif = try context.loadedProcessor().exif
        let picture = try ImageBuffer(contentsOf: query.imagePath, exif: exif).annotated(with: answer.detections)
        context.emit(
            .image(
                try context.save(
                    picture, alt: "\(answer.detections.count) detections in \(image)",
                    boxes: answer.detections.manifest)))
    }

    private func makeQuery(_ context: CommandContext) throws -> DetectionQuery {
        if let reference = ExampleReference(image) {
            var query = DetectionQuery(try context.example(reference), classes: nil)
            if let prefix { query.prompt = prefix }
            query.classes = listedOnly ? LocationText.classes(inPrefix: query.prompt) : nil
            return query
        }
        guard let prefix else {
            throw Failure(code: "MissingOption", message: "an image file needs --prefix", next: "help infer")
        }
        let path = context.resolveSample(Path(image))
        let picture = try ImageBuffer(contentsOf: path, exif: try context.loadedProcessor().exif)
        return DetectionQuery(
            imagePath: path, width: picture.width, height: picture.height, prompt: prefix,
            classes: listedOnly ? LocationText.classes(inPrefix: prefix) : nil)
    }

    private func show(_ answer: DetectionAnswer, _ query: DetectionQuery, seconds: Double, _ context: CommandContext) {
        context.emit(
            .fields(
                Fields([
                    ("prompt", "\(query.prompt)"),
                    ("answer", "\(answer.text.isEmpty ? "(nothing)" : answer.text)"),
                    ("time", Text(.duration(seconds))),
                ])))
        if !answer.isEnded {
            context.warn("the answer was cut at \(answers.maxNewTokens) tokens; --max-new-tokens allows more")
        }
        for rejected in answer.rejected { context.warn("left out: \(rejected)") }
        guard !answer.detections.isEmpty else { return context.say("no detections") }
        context.emit(.table(answer.detections.table))
    }
}

/// An example of the data set, as a person writes it: `test[3]`.
struct ExampleReference {
    let split: SplitName
    let index: Int

    init?(_ text: String) {
        guard text.hasSuffix("]"), let open = text.firstIndex(of: "["),
            let split = SplitName(rawValue: String(text[..<open])),
            let index = Int(text[text.index(after: open)...].dropLast()), index >= 0
        else { return nil }
        self.split = split
        self.index = index
    }
}

extension Detections {
    /// Names, confidences and edges with their deviations, a row for each object.
    var table: Table {
        var table = Table(
            columns: (["label"] + (confidences == nil ? [] : ["confidence"]) + ["x min", "y min", "x max", "y max"])
                .map { .init($0) })
        for row in 0..<count {
            let found = self[row]
            let deviation = found.deviation
            let edges = [
                (found.box.xMin, deviation?.xMin), (found.box.yMin, deviation?.yMin),
                (found.box.xMax, deviation?.xMax), (found.box.yMax, deviation?.yMax),
            ].map { edge, deviation -> Text in
                deviation.map { "\(edge, .fixed(1)) ± \($0, .fixed(1))" } ?? "\(edge, .fixed(1))"
            }
            table.add(["\(found.className)"] + (found.confidence.map { ["\($0, .fixed(3))"] } ?? []) + edges)
        }
        return table
    }
}
