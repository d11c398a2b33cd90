import Console

/// `vars`: what the session keeps.
struct VarsCommand: Command {
    static let name = "vars"
    static let summary = "show the variables and what is loaded"
    static let examples = ["vars"]

    /// What may be there: filling one that is empty makes untrue what is shown.
    private static var slots: [any WorkspaceSlot.Type] {
        [
            DatasetSlot.self, DetectionTuningSlot.self, ModelSlot.self, PredictionsSlot.self, ProcessorSlot.self,
            TrainerSlot.self,
        ]
    }

    mutating func run(_ context: CommandContext) throws {
        for slot in Self.slots { context.session.tracker.noteRead(slot.name) }
        let variables = context.variables.sorted { $0.key < $1.key }
        let loaded = context.workspace.summaries
        guard !variables.isEmpty || !loaded.isEmpty else {
            context.say("nothing is loaded and no variable is set; set one with name = VALUE")
            return
        }
        var table = Table("name", "kind", "value")
        for (name, value) in variables {
            table.add([Text(name), Text(value.kindName), Text(value.description)])
        }
        for (name, summary) in loaded { table.add([Text(name), "loaded", summary]) }
        context.emit(.table(table))
    }
}
