import Console

extension CommandRegistry<CommandContext>.Group {
    /// Repeatable measurements.
    static var bench: Self { Self("Bench", [BenchPaliGemmaCommand.self, BenchScenesCommand.self]) }
}
