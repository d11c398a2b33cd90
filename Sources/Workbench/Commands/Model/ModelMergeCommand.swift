import Console
import Models

/// `model merge`: folds the adapter into the weights.
struct ModelMergeCommand: Command {
    static let name = "model merge"
    static let summary = "fold the adapter into the weights, after a check that answers stay"
    static let discussion = """
        Logits for random pixels and text are computed before and after; where they move by more than --tolerance of their
        range, the model stays as it was. Adapted layers in 4 bits become dense. `model save` then writes a model that
        transformers opens without peft.
        """
    static let examples = ["model merge"]

    @Option("how far a logit may move, as a share of their range; by type if not given")
    var tolerance: Double?

    mutating func run(_ context: CommandContext) throws {
        let loaded = try context.loadedModel()
        let count = loaded.model.parameters.trainable.filter { $0.name.hasSuffix(".lora_A.weight") }.count
        let moved = try loaded.model.mergeAdapter(tolerance: tolerance)
        loaded.noteChange()
        context.say(
            "merged \(count) layers: logits moved by \(moved * 100, .fixed(4)) % of their range; all weights are frozen"
        )
    }
}
