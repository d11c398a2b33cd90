import Console

extension CommandRegistry<CommandContext> {
    /// Every command of Palinote. A new group is a folder below Commands and one line here.
    package static var standard: CommandRegistry<CommandContext> {
        CommandRegistry([
            .session,
            .machine,
            .dataset,
            .model,
            .training,
            .pretraining,
            .detection,
            .tools,
            .bench,
        ])
    }
}
