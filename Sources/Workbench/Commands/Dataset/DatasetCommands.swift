import Console

extension CommandRegistry<CommandContext>.Group {
    /// Data sets: loading, looking at, checking, making.
    static var dataset: Self {
        Self(
            "Dataset",
            [
                DatasetLoadCommand.self, DatasetHeadCommand.self, DatasetStatsCommand.self, DatasetShowCommand.self,
                DatasetDoctorCommand.self, DatasetConvertCommand.self, DatasetMakeCardsCommand.self,
            ])
    }
}
