import Console

extension CommandRegistry<CommandContext>.Group {
    /// Repeatable measurements.
    static var bench: Self {
        Self("Bench", [BenchPaliGemmaCommand.self, BenchCUDACommand.self, BenchScenesCommand.self])
    }
}
