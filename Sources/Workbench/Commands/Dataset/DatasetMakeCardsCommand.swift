import Console
import Datasets

/// `dataset make-cards`: draws a data set of synthetic playing-card photos.
struct DatasetMakeCardsCommand: Command {
    static let name = "dataset make-cards"
    static let summary = "draw a data set of synthetic playing-card photos; the same seed gives the same files"
    static let discussion = """
        The defaults draw the set that ships in samples/cards. Every photo shows 1 to 5 cards, turned, overlapping and lit
        differently, among clutter. Files of the same names in the folder are replaced.
        """
    static let examples = ["dataset make-cards --out /tmp/palinote-cards --train 4 --valid 1 --test 1"]

    @Option("the folder to write", completion: .folder) var out: Path
    @Option("decides everything that is drawn") var seed: UInt64 = 7
    @Option("images of the train split", in: 0...100_000) var train = 160
    @Option("images of the valid split", in: 0...100_000) var valid = 40
    @Option("images of the test split", in: 0...100_000) var test = 40
    @Option("width and height of each image", unit: "pixels", in: SyntheticCardSet.pixelSizes) var size = 288

    mutating func run(_ context: CommandContext) throws {
        let set = SyntheticCardSet(seed: seed, train: train, valid: valid, test: test, pixelSize: size)
        let total = train + valid + test
        guard total > 0 else {
            throw Failure(
                code: "NothingToDraw", message: "a set of no images was asked for; give --train, --valid or --test",
                next: "help dataset make-cards")
        }
        let start = context.now()
        try set.write(to: context.resolveOutput(out), progress: context.pictureCounter("draw"))
        try context.interrupt.check()
        context.say(
            "drew \(total) images (train \(train), valid \(valid), test \(test)) of \(size)x\(size) pixels, \(set.cards.count) classes, into \(.path(out.text)) in \(.duration(context.now() - start))"
        )
    }
}
