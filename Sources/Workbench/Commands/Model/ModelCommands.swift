import Console

extension CommandRegistry<CommandContext>.Group {
    /// Processor and model.
    static var model: Self {
        Self(
            "Model",
            [
                ProcessorLoadCommand.self, ModelLoadCommand.self, ModelInitCommand.self, ModelInfoCommand.self,
                ModelFreezeCommand.self, ModelAdaptCommand.self, ModelParametersCommand.self, ModelMergeCommand.self,
                ModelSaveCommand.self,
                ModelTraceCommand.self,
            ])
    }
}
