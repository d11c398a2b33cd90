import Console

/// `help`, `help COMMAND`, `?COMMAND`.
struct HelpCommand: Command {
    static let name = "help"
    static let summary = "list the commands, or show one with its options and examples"
    static let examples = ["help", "help set"]

    @Argument("a command's name", completion: .live(.commands)) var command: [String]

    mutating func run(_ context: CommandContext) throws {
        let registry = context.session.registry
        guard !command.isEmpty else {
            CommandHelp.overview(of: registry).forEach(context.emit)
            return
        }
        let name = command.joined(separator: " ")
        if let entry = registry[name] { CommandHelp.page(of: entry.describe()).forEach(context.emit) }
        let members = registry.members(of: name)
        if !members.isEmpty {
            var fields = Fields()
            for member in members { fields.add(member.name, Text(member.summary)) }
            context.emit(.fields(fields))
        } else if registry[name] == nil {
            let words = command.map { ExpandedWord(text: $0, position: SourcePosition(line: 1, column: 1)) }
            var error = registry.unknownCommand(words)
            error.position = nil
            throw error
        }
    }
}
