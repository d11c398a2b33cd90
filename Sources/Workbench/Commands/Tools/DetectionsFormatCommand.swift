import Console
import Detection
import JSON

/// `detections format`: boxes to location text.
struct DetectionsFormatCommand: Command {
    static let name = "detections format"
    static let summary = "write boxes in pixels as location text, as a label's suffix says them"
    static let discussion = """
        A line of --lines is an object with "xyxy" (an array of [x min, y min, x max, y max] in pixels), "class_name" (as many
        names) and, where it differs from the command line, "width" and "height"; the answer to each is {"text": "..."} on a
        line of its own.
        """
    static let examples = [
        "detections format 'king of hearts=80,120,400,360' --width 640 --height 480",
        "detections format --lines boxes.jsonl",
    ]

    @Argument("boxes, each NAME=XMIN,YMIN,XMAX,YMAX") var boxes: [String]
    @OptionGroup var picture: PictureSizeOptions
    @Option("a file with boxes on each line, as JSON", completion: .file(extensions: ["jsonl"])) var lines: Path?
    @Option("what locations are multiplied by") var divisor = DivisorChoice.locations1024

    mutating func run(_ context: CommandContext) throws {
        guard boxes.isEmpty != (lines == nil) else { throw Failure.oneOf("boxes, or --lines", in: Self.name) }
        if let lines { return try ToolLines(lines, context).answer(context, answer) }
        let (width, height) = try picture.size(in: Self.name)
        let named = try boxes.map(Self.namedBox)
        context.say(Text(text(of: named.map(\.box), named.map(\.name), width, height)))
    }

    private func answer(_ line: ToolLines.Line) throws -> JSON {
        let names = try line.texts("class_name") ?? []
        let rows = (line.value["xyxy"]?.array ?? []).map { ($0.array ?? []).compactMap(\.double) }
        guard rows.count == names.count, rows.allSatisfy({ $0.count == 4 }) else {
            throw line.fault(
                "\"xyxy\" needs four numbers for each of the \(names.count.counting("name")) in \"class_name\"")
        }
        let (width, height) = try picture.size(of: line)
        let boxes = rows.map { Box(xMin: $0[0], yMin: $0[1], xMax: $0[2], yMax: $0[3]) }
        return ["text": .string(text(of: boxes, names, width, height))]
    }

    private func text(of boxes: [Box], _ names: [String], _ width: Int, _ height: Int) -> String {
        let ids = [Int?](repeating: nil, count: boxes.count)
        return LocationText.format(
            Detections(boxes: boxes, classIDs: ids, classNames: names), imageWidth: width, imageHeight: height,
            divisor: divisor.value)
    }

    private static func namedBox(_ word: String) throws -> (name: String, box: Box) {
        let place = word.lastIndex(of: "=") ?? word.endIndex
        let edges = word[place...].dropFirst().split(separator: ",", omittingEmptySubsequences: false)
        let numbers = edges.compactMap { Double($0) }
        guard edges.count == 4, numbers.count == 4, numbers.allSatisfy(\.isFinite), place > word.startIndex else {
            throw Failure(
                code: "BadBox", message: "\"\(word)\" is no box; write NAME=XMIN,YMIN,XMAX,YMAX in pixels",
                next: "help detections format")
        }
        return (String(word[..<place]), Box(xMin: numbers[0], yMin: numbers[1], xMax: numbers[2], yMax: numbers[3]))
    }
}
