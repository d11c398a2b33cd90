import Console
import Detection
import JSON

/// `detections parse`: location text to boxes.
struct DetectionsParseCommand: Command {
    static let name = "detections parse"
    static let summary = "read location text, such as a model's answer, as boxes in pixels"
    static let discussion = """
        A line of --lines is an object with "text" and, where it differs from the command line, "width", "height" and
        "classes"; the answer to each is {"xyxy": [[x min, y min, x max, y max], ...], "class_id": [...],
        "class_name": [...], "rejected": [{"text": ..., "reason": ...}, ...]} on a line of its own. A class_id is the place
        in the classes, or null without them.
        """
    static let examples = [
        "detections parse '<loc0256><loc0128><loc0768><loc0640> king of hearts' --width 640 --height 480",
        "detections parse --lines answers.jsonl --compat supervision-0.25",
    ]

    @Argument("the text") var text: String?
    @OptionGroup var picture: PictureSizeOptions
    @Option("a file with a text on each line, as JSON", completion: .file(extensions: ["jsonl"])) var lines: Path?
    @Option("names to keep; their places are the class ids") var classes: [String]
    @Option("whose reading of odd text is followed") var compat = TextCompatibilityChoice.palinote
    @Option("what locations are divided by") var divisor = DivisorChoice.locations1024

    mutating func run(_ context: CommandContext) throws {
        switch (text, lines) {
        case (let text?, nil):
            let (width, height) = try picture.size(in: Self.name)
            show(parse(text, width, height, classes: $classes ? classes : nil), context)
        case (nil, let lines?):
            try ToolLines(lines, context).answer(context, answer)
        default: throw Failure.oneOf("a text, or --lines", in: Self.name)
        }
    }

    private typealias Parsed = (detections: Detections, rejected: [RejectedDetection])

    private func parse(_ text: String, _ width: Int, _ height: Int, classes: [String]?) -> Parsed {
        LocationText.parse(
            text, imageWidth: width, imageHeight: height, classes: classes,
            options: LocationTextOptions(compatibility: compat.value, divisor: divisor.value))
    }

    private func answer(_ line: ToolLines.Line) throws -> JSON {
        let (width, height) = try picture.size(of: line)
        let names = try line.texts("classes") ?? ($classes ? classes : nil)
        let (found, rejected) = parse(try line.text("text"), width, height, classes: names)
        return [
            "xyxy": .array(found.boxes.map { .array([$0.xMin, $0.yMin, $0.xMax, $0.yMax].map { .number($0) }) }),
            "class_id": .array(found.classIDs.map { $0.map { .integer(Int64($0)) } ?? .null }),
            "class_name": .array(found.classNames.map { .string($0) }),
            "rejected": .array(rejected.map { ["text": .string($0.text), "reason": .string("\($0.reason)")] }),
        ]
    }

    private func show(_ parsed: Parsed, _ context: CommandContext) {
        for rejected in parsed.rejected { context.warn("left out: \(rejected)") }
        guard !parsed.detections.isEmpty else { return context.say("no detections") }
        context.emit(.table(parsed.detections.table))
    }
}
