import Console

/// `optimize defaults`: what `--apply` set.
struct OptimizeDefaultsCommand: Command {
    static let name = "optimize defaults"
    static let summary = "show the options that optimize set for later commands, or take them back"
    static let examples = ["optimize defaults", "optimize defaults --clear"]

    @Flag("take them back") var clear = false

    mutating func run(_ context: CommandContext) throws {
        let defaults = context.commandDefaults
        if clear {
            context.commandDefaults = CommandDefaults()
            return context.say("every option has its usual value")
        }
        guard !defaults.isEmpty else { return context.say("nothing is set: every option has its usual value") }
        for line in defaults.lines { context.say("\(line)") }
    }
}
