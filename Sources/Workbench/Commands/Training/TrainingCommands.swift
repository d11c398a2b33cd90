import Console

extension CommandRegistry<CommandContext>.Group {
    /// Training.
    static var training: Self { Self("Training", [TrainCommand.self, MonitorCommand.self, MonitorReportCommand.self]) }

    /// Training from nothing.
    static var pretraining: Self { Self("Pretraining", [PretrainCommand.self, ScenesShowCommand.self]) }

    /// Detection and its scores.
    static var detection: Self {
        Self(
            "Detection",
            [
                InferCommand.self, EvaluateCommand.self, ConfusionCommand.self, CalibrateCommand.self,
                ThresholdsCommand.self,
            ])
    }
}
