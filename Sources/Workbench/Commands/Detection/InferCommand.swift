import Console
import Datasets
import Detection
import Images
import Models
import Training

/// `infer`: finds objects in pictures.
struct InferCommand: Command {
    static let name = "infer"
    static let summary = "find objects in images by greedy generation, and draw them"
    static let discussion = """
        An image is a file, a folder, a pattern such as 'photos/*.jpg', an http or https address, or an example of the data set:
        `test[0]`. An example brings its own prompt; all others need --prefix, such as `detect ace of hearts ; king of spades`. Answers to `detect`
        prompts follow their grammar: four locations, then one of the classes that the prompt lists; --free lets them be any
        text. One image is shown with its answer, several in a table and a grid. --out gets predictions as JSON lines, COCO
        JSON and CSV, and the drawn pictures.
        """
    static let examples = [
        "infer 'test[0]'", "infer samples/cards/test_000.jpg --prefix 'detect card'",
        "infer 'samples/cards/test_00*.jpg' --prefix 'detect card' --out /tmp/palinote-found",
    ]

    @Argument(
        "image files, folders, patterns, addresses, or examples such as test[0]",
        completion: .anyOf([.live(.examples), .file(extensions: ["jpg", "jpeg", "png"])]))
    var images: [String]
    @Option("the prompt", completion: .live(.prompts)) var prefix: String?
    @Flag("accept only names that the prompt lists") var listedOnly = false
    @Option("write predictions to FILE.jsonl, FILE.json (COCO), FILE.csv, or all and the pictures to a folder")
    var out: Path?
    @OptionGroup var answers: AnswerOptions

    /// More pictures than this are left out of the grid.
    private static let mostShown = 25
    private static let gridColumns = 5

    mutating func run(_ context: CommandContext) throws {
        context.applyDefaults(to: self)
        let selection = try PictureSelection(images, prefix: prefix, listedOnly: listedOnly, context)
        // Downloaded files are there as long as the selection is.
        defer { withExtendedLifetime(selection) {} }
        let pictures = selection.pictures
        guard !pictures.isEmpty else {
            throw Failure(code: "MissingArgument", message: "infer needs an image", next: "help infer")
        }
        try PredictionFiles.prepare(out, context)
        let filter = try answers.filter(context)
        let scaling = answers.scaling(context)
        let start = context.now()
        let found = try detect(pictures, context).map { answer in
            var answer = answer
            answer.detections = filter(answer.detections.scaled(by: scaling))
            return answer
        }
        let seconds = context.now() - start
        if let only = found.first, found.count == 1 {
            show(only, pictures[0].query, seconds: seconds, context)
            context.workspace[DetectionsSlot.self] = ShownDetections(image: images[0], detections: only.detections)
            let picture = try draw(only, pictures[0], context)
            context.emit(
                .image(
                    try context.save(
                        picture, alt: "\(only.detections.count) detections in \(images[0])",
                        boxes: only.detections.manifest)))
        } else {
            try showAll(found, pictures, seconds: seconds, context)
        }
        if let out { try write(found, pictures, to: out, context) }
    }

    private func detect(
        _ pictures: [PictureSelection.Picture], _ context: CommandContext
    ) throws -> [DetectionAnswer] {
        let interrupt = context.interrupt
        let start = context.now()
        let found = try answers.detector(context).answers(
            to: pictures.map(\.query), shouldStop: { interrupt.isRequested }
        ) { done in
            guard pictures.count > 1 else { return }
            let seconds = max(context.now() - start, 1e-9)
            context.report(
                Progress(
                    label: "infer", completed: done, total: pictures.count,
                    rate: .rate(Double(done) / seconds, unit: "img/s"), elapsed: seconds,
                    isFinished: done == pictures.count))
        }
        try interrupt.check()
        return found
    }

    private func draw(
        _ answer: DetectionAnswer, _ picture: PictureSelection.Picture, _ context: CommandContext
    ) throws -> ImageBuffer {
        try ImageBuffer(contentsOf: picture.query.imagePath, exif: context.loadedProcessor().exif)
            .annotated(with: answer.detections, labels: answer.detections.labels)
    }

    private func show(_ answer: DetectionAnswer, _ query: DetectionQuery, seconds: Double, _ context: CommandContext) {
        context.emit(
            .fields(
                Fields([
                    ("prompt", "\(query.prompt)"),
                    ("answer", "\(answer.text.isEmpty ? "(nothing)" : answer.text)"),
                    ("time", Text(.duration(seconds))),
                ])))
        warn(of: [answer], context)
        for rejected in answer.rejected { context.warn("left out: \(rejected)") }
        guard !answer.detections.isEmpty else { return context.say("no detections") }
        context.emit(.table(answer.detections.table))
    }

    private func showAll(
        _ found: [DetectionAnswer], _ pictures: [PictureSelection.Picture], seconds: Double, _ context: CommandContext
    ) throws {
        var table = Table("image", "boxes", "found")
        for (answer, picture) in zip(found, pictures) {
            let labels = answer.detections.labels ?? answer.detections.classNames
            table.add(["\(picture.name)", "\(answer.detections.count)", "\(labels.joined(separator: ", "))"])
        }
        context.emit(.table(table))
        warn(of: found, context)
        let rejected = found.reduce(0) { $0 + $1.rejected.count }
        if rejected > 0 { context.warn("\(rejected) parts of answers were no detections and were left out") }
        let boxes = found.reduce(0) { $0 + $1.detections.count }
        context.say("\(found.count) images, \(boxes) boxes in \(.duration(seconds))")
        var grid = AnnotatedGrid(columns: min(Self.gridColumns, found.count))
        let exif = try context.loadedProcessor().exif
        for (answer, picture) in zip(found, pictures).prefix(Self.mostShown) {
            try grid.add(picture.query.imagePath, exif: exif, answer.detections, title: picture.name)
        }
        if found.count > Self.mostShown {
            context.say("the first \(Self.mostShown) are shown; --out FOLDER gets all pictures")
        }
        context.emit(
            .image(
                try context.save(
                    grid.makeImage(), alt: "detections in \(min(found.count, Self.mostShown)) images",
                    boxes: grid.manifest)))
    }

    private func warn(of found: [DetectionAnswer], _ context: CommandContext) {
        let cut = found.count { !$0.isEnded }
        if cut > 0 {
            let whose = found.count == 1 ? "the answer was" : "\(cut) answers were"
            context.warn("\(whose) cut at \(answers.maxNewTokens) tokens; --max-new-tokens allows more")
        }
        let repeats = found.reduce(0) { $0 + $1.repeatCount }
        if repeats > 0 { context.warn("\(repeats.counting("object")) said again, left out") }
    }

    private func write(
        _ found: [DetectionAnswer], _ pictures: [PictureSelection.Picture], to out: Path, _ context: CommandContext
    ) throws {
        let predictions = zip(found, pictures).map { answer, picture in
            ImagePredictions(
                image: picture.name, width: picture.query.width, height: picture.query.height,
                detections: answer.detections)
        }
        let classes = context.workspace[DatasetSlot.self]?.classes ?? []
        let files = try PredictionFiles.write(predictions, classes: classes, to: out, context)
        for file in files { context.say("wrote \(.path(file))") }
        guard files.count > 1 else { return }
        for (answer, picture) in zip(found, pictures) {
            try context.interrupt.check()
            let stem = picture.name.lastIndex(of: ".").map { picture.name[..<$0] } ?? picture.name[...]
            let name = stem.replacing("/", with: "_") + ".png"
            try draw(answer, picture, context).write(toPNG: Paths.join(context.resolve(out), String(name)))
        }
        context.say("wrote \(pictures.count.counting("picture")) to \(.path(out.text))")
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

    /// Names with confidences, as pictures show them; nil where there are none.
    var labels: [String]? {
        confidences.map { zip(classNames, $0).map { "\($0) \(NumberStyle.fixed(2).text($1))" } }
    }
}
