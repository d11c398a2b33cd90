import Console
import Models

/// `model freeze`: chooses what training changes.
struct ModelFreezeCommand: Command {
    static let name = "model freeze"
    static let summary = "stop the training of weights whose names start with, or match, a pattern"
    static let discussion = """
        A pattern without `*` picks every weight below that place of the tree; `*` stands for any run of characters.
        The notebook freezes the vision tower and the projector, and trains the language model.
        """
    static let examples = ["model freeze vision_tower multi_modal_projector"]

    @Argument("places in the tree of weights") var patterns: [String]
    @Flag("train what the patterns pick, instead") var undo = false

    mutating func run(_ context: CommandContext) throws {
        let loaded = try context.loadedModel()
        let store = loaded.model.parameters
        for pattern in patterns {
            let picks = { (parameter: Parameter) in NamePattern(pattern).picks(parameter.name) }
            let count = undo ? store.unfreeze(where: picks) : store.freeze(where: picks)
            guard count > 0 || store.quantized.contains(where: { NamePattern(pattern).picks($0.name) }) else {
                let parts = Set(store.parameters.compactMap { $0.name.split(separator: ".").first.map(String.init) })
                throw Failure(
                    code: "NoSuchWeights", message: "no weight is called \"\(pattern)\"",
                    suggestions: parts.sorted(), next: "model parameters")
            }
            guard count > 0 || !undo else {
                throw Failure(
                    code: "QuantizedWeights", message: "\(pattern): weights in 4 bits cannot be trained",
                    next: "model adapt")
            }
            context.say("\(undo ? "trained" : "frozen") \(pattern): \(count) tensors")
        }
        loaded.noteChange()
        context.say(store.trainableShare)
    }
}

/// A pattern over the names of weights.
struct NamePattern {
    private let parts: [Substring]
    private let isPrefix: Bool

    init(_ text: String) {
        parts = text.split(separator: "*", omittingEmptySubsequences: false)
        isPrefix = !text.contains("*")
    }

    /// Whether a weight of this name is meant.
    func picks(_ name: String) -> Bool {
        if isPrefix {
            let place = String(parts.first ?? "")
            return name == place || name.hasPrefix(place + ".") || name.contains("." + place + ".")
        }
        var rest = Substring(name)
        for (i, part) in parts.enumerated() {
            if i == 0 {
                guard rest.hasPrefix(part) else { return false }
                rest = rest.dropFirst(part.count)
            } else if i == parts.count - 1 {
                return rest.hasSuffix(part)
            } else {
                guard let range = rest.firstRange(of: part) else { return false }
                rest = rest[range.upperBound...]
            }
        }
        return rest.isEmpty
    }
}
