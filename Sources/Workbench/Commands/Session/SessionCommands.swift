import Console

extension CommandRegistry<CommandContext>.Group {
    /// Help, variables, cells and settings.
    static var session: Self {
        Self(
            "Session",
            [
                HelpCommand.self, VarsCommand.self, InspectCommand.self, CellsCommand.self, RunCellsCommand.self,
                RerunCommand.self, UndoCommand.self, RewindCommand.self, BranchCommand.self, HistoryCommand.self,
                SetCommand.self, SeedCommand.self, RecordCommand.self, SaveCommand.self, ExportCommand.self,
                ImportCommand.self, PromoteCommand.self, SecretSetCommand.self, SecretListCommand.self,
                SecretRemoveCommand.self,
            ])
    }
}
