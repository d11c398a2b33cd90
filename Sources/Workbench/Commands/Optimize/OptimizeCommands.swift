import Console

extension CommandRegistry<CommandContext>.Group {
    /// What makes a model better: data, architecture, strategy, and a search over all of them.
    static var optimize: Self {
        Self(
            "Optimization",
            [
                OptimizeDataCommand.self, OptimizeArchitectureCommand.self, OptimizeStrategyCommand.self,
                OptimizeAutoCommand.self, OptimizeDefaultsCommand.self,
            ])
    }
}
