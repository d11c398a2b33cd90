import Console
import Detection

/// How answers are put together for training.
struct RecipeOptions: OptionGroupContents {
    @Option("what is learned: the examples as they stand, or their boxes followed by noise, asked for with one prompt")
    var recipe = RecipeChoice.plain
    @Option("boxes in an answer of the noise-boxes recipe; twice the most of an example if not given")
    var boxesPerAnswer: Int?

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
