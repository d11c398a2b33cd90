import Console
import Datasets
import Detection
import Images

/// `optimize data`: more of what the model finds hard.
struct OptimizeDataCommand: Command {
    static let name = "optimize data"
    static let summary = "find rare classes, confused pairs and boxes at the border, and write an enhanced data set"
    static let discussion = """
        Looks at the train split, and at the confusions of the last `evaluate` if there is one. Pictures of rare classes get
        copies that are moved, zoomed and lit differently; pictures of classes that are taken for one another get a copy with
        more contrast and sharper edges; pictures whose boxes touch the border get a copy with margins around it. Boxes move
        with the picture. The loaded set is only read; without --out the command says what it would write.
        """
    static let examples = ["optimize data", "optimize data --out /tmp/palinote-enhanced --replace"]

    @Option("the folder to write, new or empty; nothing is written if not given", completion: .folder) var out: Path?
    @Flag("remove a data set that is in the folder first") var replace = false
    @Option("a class is rare with fewer boxes than this share of the median", in: 0...1) var rareBelow = 0.75
    @Option("how many pairs of classes, the most confused first, get copies", in: 0...1000) var mostPairs = 3
    @Option("how often two classes must be confused to count", in: 1...1_000_000) var leastConfusions = 1
    @Option("boxes this close to an edge are at the border, as a share of the side", in: 0...0.5)
    var borderMargin = 0.01
    @Option("the widest margin put around them, as a share of the side", in: 0.01...2) var context = 0.25
    @Option("the most copies of one picture for a rare class", in: 0...100) var mostCopies = 3
    @Option("leaves out predictions below this confidence when confusions are counted", in: 0...1)
    var confThreshold = 0.3

    /// Why pictures are copied here.
    private static let reasons: [EnhancementPlan.Reason] = [.rare, .confused, .border]
    /// Copies in the picture, a row of them for each reason.
    private static let shownEach = 3

    mutating func run(_ context: CommandContext) throws {
        let dataset = try context.loadedDataset()
        _ = try context.examples(of: .train)
        var options = EnhancementPlan.Options()
        (options.rareBelow, options.mostPairs, options.leastConfusions) = (rareBelow, mostPairs, leastConfusions)
        (options.borderMargin, options.contextShare, options.mostCopies) = (borderMargin, self.context, mostCopies)
        options.seed = context.seed
        let plan = EnhancementPlan(dataset, confusions: try confusions(of: dataset, context), options: options)
        say(plan, context)
        guard !plan.copies.isEmpty else { return context.say("nothing to add: no copies are needed") }
        guard let out else {
            context.emit(.table(table(plan, before: dataset, after: nil)))
            let count = plan.copies.count.counting("copy", plural: "copies")
            return context.say("\(count) would be added; --out FOLDER writes them")
        }
        let count = context.pictureCounter("enhance")
        let written = try EnhancedDatasetWriter(dataset, plan).write(
            to: context.resolveOutput(out), replaces: replace, progress: count)
        try context.interrupt.check()
        guard let written else { return }
        context.emit(.table(table(plan, before: dataset, after: written)))
        let images = dataset.examples(.train).count
        context.say(
            "train \(images) -> \(written.examples(.train).count) images; valid and test as they are; next: dataset load \(.path(out.text))"
        )
        try show(plan, written, context)
    }

    /// What the last evaluation confused; nothing where there is none of this data set.
    private func confusions(
        of dataset: DetectionDataset, _ context: CommandContext
    ) throws -> [EnhancementPlan.Confusion] {
        guard let evaluated = context.workspace[PredictionsSlot.self], evaluated.classes == dataset.classes else {
            context.say("no evaluation of this data set: confused pairs are not known; `evaluate valid` finds them")
            return []
        }
        if evaluated.split == .test {
            context.warn("the confusions are those of test, which is then no longer unseen; better `evaluate valid`")
        }
        let matrix = try ConfusionMatrix.evaluate(
            evaluated.images, classes: evaluated.classes, options: .init(confidenceThreshold: confThreshold))
        return matrix.confusions.map {
            EnhancementPlan.Confusion(labelled: $0.labelled, predicted: $0.predicted, count: $0.count)
        }
    }

    private func say(_ plan: EnhancementPlan, _ context: CommandContext) {
        let rare = plan.rare.map { item in
            let found = plan.classes[item.classID]
            return "\(found.name) (\(found.boxCount) of \(item.wanted))"
        }
        let pairs = plan.pairs.map { "\($0.labelled) as \($0.predicted) (\($0.count))" }
        func count(_ reason: EnhancementPlan.Reason) -> Text {
            "; \(plan.copies.count { $0.reason == reason }.counting("copy", plural: "copies"))"
        }
        context.emit(
            .fields(
                Fields([
                    ("rare classes", "\(rare.isEmpty ? "none" : rare.joined(separator: ", "))" + count(.rare)),
                    ("confused", "\(pairs.isEmpty ? "none" : pairs.joined(separator: ", "))" + count(.confused)),
                    (
                        "at the border",
                        "\(plan.borderBoxCount.counting("box", plural: "boxes")) in \(plan.borderExamples.count.counting("image"))"
                            + count(.border)
                    ),
                ])))
        for item in plan.classes where item.boxCount == 0 {
            context.warn("\(item.name) has no box in train: copies cannot help it, new pictures can")
        }
    }

    /// Boxes of each class, before, in the copies of each reason, and after.
    private func table(_ plan: EnhancementPlan, before: DetectionDataset, after: DetectionDataset?) -> Table {
        let examples = before.examples(.train)
        func added(_ reason: EnhancementPlan.Reason, _ name: String) -> Int {
            plan.copies.filter { $0.reason == reason }.reduce(0) { sum, copy in
                let example = examples[copy.example]
                let found = copy.changes.applied(
                    to: example.detections, in: PixelSize(width: example.width, height: example.height))
                return sum + found.classNames.count { $0 == name }
            }
        }
        var table = Table("class", "boxes before", "rare", "confused", "border", "boxes after")
        var totals = [Int](repeating: 0, count: 5)
        for item in plan.classes {
            let parts = Self.reasons.map { added($0, item.name) }
            let sum =
                after.map { set in
                    set.examples(.train).reduce(0) { $0 + $1.detections.classNames.count { $0 == item.name } }
                } ?? item.boxCount + parts.reduce(0, +)
            let row = [item.boxCount] + parts + [sum]
            for place in row.indices { totals[place] += row[place] }
            table.add(["\(item.name)"] + row.map { "\($0)" })
        }
        table.add([Text("all", style: .strong)] + totals.map { "\($0)" })
        return table
    }

    /// Some copies of each reason beside the pictures that they were made of.
    private func show(_ plan: EnhancementPlan, _ written: DetectionDataset, _ context: CommandContext) throws {
        let examples = written.examples(.train)
        let first = examples.count - plan.copies.count
        var grid = AnnotatedGrid(columns: 2 * Self.shownEach)
        for reason in Self.reasons {
            let places = plan.copies.indices.filter { plan.copies[$0].reason == reason }.prefix(Self.shownEach)
            for place in places {
                let source = plan.copies[place].example
                try grid.add(examples[source], title: "train[\(source)]")
                try grid.add(examples[first + place], title: "\(reason.rawValue): train[\(first + place)]")
            }
        }
        context.emit(
            .image(
                try context.save(
                    grid.makeImage(), alt: "copies beside the pictures that they were made of", boxes: grid.manifest)))
    }
}
