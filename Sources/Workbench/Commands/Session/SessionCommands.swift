import Console

extension CommandRegistry<CommandContext>.Group {
    /// Help, variables, cells and settings.
    static var session: Self {
        Self(
            "Session",
            [
                HelpCommand.self, VarsCommand.self, CellsCommand.self, HistoryCommand.self, SetCommand.self,
                SeedCommand.self, RecordCommand.self, PromoteCommand.self, SecretSetCommand.self,
                SecretListCommand.self,
                SecretRemoveCommand.self,
            ])
    }
}
