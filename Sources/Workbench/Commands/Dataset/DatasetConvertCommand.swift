import Console
import Datasets

/// `dataset convert`: the same set in another layout.
struct DatasetConvertCommand: Command {
    static let name = "dataset convert"
    static let summary = "write the loaded data set in another layout, with copies of its images"
    static let examples = ["dataset convert --to coco --out /tmp/palinote-coco"]

    @Option("the layout to write") var to: DatasetFormatChoice
    @Option("the folder to write, new or empty", completion: .folder) var out: Path
    @Flag("remove a data set that is in the folder first") var replace = false

    mutating func run(_ context: CommandContext) throws {
        let dataset = try context.loadedDataset()
        let count = context.pictureCounter("copy")
        var written = 0
        let folder = context.resolveOutput(out)
        try DatasetConverter(dataset, to: to.format).write(to: folder, replaces: replace) { done, total in
            written = done
            return count(done, total)
        }
        try context.interrupt.check()
        context.say("wrote \(written.counting("image")) in the \(to.rawValue) layout to \(.path(out.text))")
    }
}
