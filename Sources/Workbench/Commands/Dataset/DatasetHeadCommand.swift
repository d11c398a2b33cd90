import Console
import Datasets
import Detection

/// `dataset head`: annotation lines as they stand in the file.
struct DatasetHeadCommand: Command {
    static let name = "dataset head"
    static let summary = "print the first annotation lines of a split, exactly as they stand in its file"
    static let discussion = """
        A set of another layout than PaliGemma's has no such lines; the rows that it was read as are printed instead.
        """
    static let examples = ["dataset head", "dataset head test --count 2"]

    @Argument("the split") var split = SplitName.train
    @Option("how many lines", in: 1...1_000_000) var count = 5

    mutating func run(_ context: CommandContext) throws {
        let examples = Array(try context.examples(of: split).prefix(count))
        let file = Paths.join(try context.loadedDataset().folder, PaliGemmaReader.annotationFile(split.split))
        let lines = FileAccess.exists(file) ? try stored(examples, in: file) : examples.map(\.annotationLine)
        for line in lines { context.say(Text(line)) }
    }

    private func stored(_ examples: [DetectionExample], in file: String) throws -> [String] {
        let wanted = Set(examples.map(\.line))
        let lines = JSONLines(try FileAccess.read(file)).lazy.filter { wanted.contains($0.number) }.prefix(wanted.count)
        let texts = lines.map { line in
            String(decoding: line.bytes.last == UInt8(ascii: "\r") ? line.bytes.dropLast() : line.bytes, as: UTF8.self)
        }
        guard texts.count == wanted.count else {
            throw Failure(
                code: "FileChanged", message: "\(file): the file has fewer lines than when it was loaded",
                next: "dataset load")
        }
        return Array(texts)
    }
}
