import Console
import Detection
import Training

/// How answers are put together for training.
struct RecipeOptions: OptionGroupContents {
    @Option("what is learned: the examples as they stand, or their boxes followed by noise, asked for with one prompt")
    var recipe = RecipeChoice.plain
    @Option("boxes in an answer of the noise-boxes recipe; twice the most of an example if not given")
    var boxesPerAnswer: Int?

    @Option(
        "what tokens of each class count: balanced, by the boxes of the split; a file of {\"class\": weight}; or none",
        completion: .anyOf([.values(["balanced", "none"]), .file(extensions: ["json"])]))
    var classWeights = Path("none")

    /// What the tokens of each class count, if they do not count the same.
    func classWeights(_ split: SplitName, _ context: CommandContext) throws -> ClassWeights? {
        let classes = try context.loadedDataset().classes
        let weights: ClassWeights
        switch classWeights.text {
        case "none": return nil
        case "balanced": weights = ClassWeights(balancing: try context.examples(of: split), classes: classes)
        default:
            weights = try ClassWeights(
                parsing: FileAccess.read(context.resolveInput(classWeights)), name: classWeights.text)
            let unknown = weights.values.keys.filter { !classes.contains($0) }.sorted()
            guard unknown.isEmpty else {
                throw Failure(
                    code: "NoSuchClass", message: "\(classWeights.text) weighs \(unknown.joined(separator: ", "))",
                    suggestions: classes)
            }
        }
        var table = Table("class", "weight of its tokens")
        for name in classes { table.add(["\(name)", "\(weights.values[name] ?? 1, .fixed(3))"]) }
        context.emit(.table(table))
        return weights
    }

    /// The noise-box recipe for a split, if it was asked for.
    func noiseBoxes(_ split: SplitName, _ context: CommandContext) throws -> NoiseBoxRecipe? {
        guard recipe == .noiseBoxes else { return nil }
        let most = try context.examples(of: split).map(\.detections.count).max() ?? 0
        let count = min(max(boxesPerAnswer ?? 2 * most, 1), 100)
        guard let recipe = NoiseBoxRecipe(classes: try context.loadedDataset().classes, objectCount: count) else {
            throw Failure(
                code: "NoRecipe", message: "noise boxes need classes, none of them called \(NoiseBoxRecipe.noiseName)")
        }
        if most > count {
            context.warn(
                "an example has \(most) boxes; those over \(count) are not learned: --boxes-per-answer allows more")
        }
        return recipe
    }
}

/// How answers are put together for training.
enum RecipeChoice: String, Choice {
    case plain
    case noiseBoxes = "noise-boxes"
}
