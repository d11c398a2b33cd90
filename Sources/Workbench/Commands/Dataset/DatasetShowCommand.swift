import Console
import Datasets
import Detection
import Images
import Tensors

/// `dataset show`: labelled pictures, many in a grid or one.
struct DatasetShowCommand: Command {
    static let name = "dataset show"
    static let summary = "draw labelled images with their boxes: a grid of a split, or one example"
    static let discussion = """
        A grid shows the first images of the split, or a choice of them that --seed decides. Each is titled as `dataset show`
        and `infer` name it: train[3].
        """
    static let examples = [
        "dataset show", "dataset show test --count 9 --columns 3 --seed 1", "dataset show 'train[3]'",
    ]

    @Argument("a split, or an example such as train[3]", completion: .anyOf([.live(.splits), .live(.examples)]))
    var what = "train"
    @Option("how many images the grid shows", in: 1...1000) var count = 25
    @Option("images in a row of the grid", in: 1...50) var columns = 5
    @Option("choose images at random, beginning here") var seed: UInt64?

    mutating func run(_ context: CommandContext) throws {
        if let reference = ExampleReference(what) { return try showOne(reference, context) }
        guard let split = SplitName(rawValue: what) else {
            throw Failure(
                code: "NoSuchSplit", message: "\"\(what)\" is no split and no example such as train[3]",
                suggestions: SplitName.allCases.map(\.rawValue), next: "help dataset show")
        }
        try showGrid(split, context)
    }

    private func showOne(_ reference: ExampleReference, _ context: CommandContext) throws {
        let example = try context.example(reference)
        let picture = try ImageBuffer(contentsOf: example.imagePath).annotated(with: example.detections)
        context.emit(
            .fields(
                Fields([
                    ("image", "\(example.imageName), \(example.width)x\(example.height) pixels"),
                    ("prefix", "\(example.prefix)"), ("suffix", "\(example.suffix)"),
                ])))
        context.emit(
            .image(
                try context.save(
                    picture,
                    alt: "\(what) with \(example.detections.count.counting("labelled box", plural: "labelled boxes"))",
                    boxes: example.detections.manifest)))
    }

    private func showGrid(_ split: SplitName, _ context: CommandContext) throws {
        let examples = try context.examples(of: split)
        let places = chosenPlaces(of: examples.count)
        var grid = AnnotatedGrid(columns: min(columns, places.count))
        let start = context.now()
        for (done, place) in places.enumerated() {
            try context.interrupt.check()
            try grid.add(examples[place], title: "\(split.rawValue)[\(place)]")
            context.report(
                Progress(
                    label: "draw", completed: done + 1, total: places.count, elapsed: context.now() - start,
                    isFinished: done + 1 == places.count))
        }
        let boxes = grid.manifest
        context.emit(
            .image(
                try context.save(
                    grid.makeImage(),
                    alt: "\(places.count) images of \(split.rawValue) with \(boxes.count) labelled boxes", boxes: boxes)
            ))
        context.say("\(places.count) of \(examples.count) images of \(split.rawValue), \(boxes.count) boxes")
    }

    /// The first places, or a random choice in ascending order.
    private func chosenPlaces(of total: Int) -> [Int] {
        guard let seed else { return Array(0..<min(count, total)) }
        var stream = RandomStream(seed: seed, purpose: "dataset show")
        return stream.shuffled(Array(0..<total)).prefix(count).sorted()
    }
}

extension CommandContext {
    /// The example of a reference, or a failure that says how many there are.
    func example(_ reference: ExampleReference) throws -> DetectionExample {
        let examples = try examples(of: reference.split)
        guard examples.indices.contains(reference.index) else {
            throw Failure(
                code: "NoSuchExample",
                message:
                    "\(reference.split.rawValue)[\(reference.index)] is not there: the split has \(examples.count.counting("example")), from [0]"
            )
        }
        return examples[reference.index]
    }
}
