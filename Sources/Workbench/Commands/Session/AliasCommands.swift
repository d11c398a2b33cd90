import Console

/// `alias NAME = COMMAND...`, `alias`.
struct AliasCommand: Command {
    static let name = "alias"
    static let summary = "give a command line a short name, or list the short names"
    static let discussion = """
        What stands behind = is kept as written: options, quotes and $names are looked at when the alias is used. Words
        behind the alias go to the end of the command. Recorded sessions hold what an alias stands for.
        """
    static let examples = ["alias look = dataset show train --count 4", "alias"]
    static let takesWordsAsWritten = true

    @Argument("the short name") var alias: String?
    @Argument("= and a command line") var command: [String]

    mutating func run(_ context: CommandContext) throws {
        let aliases = context.session.aliases
        guard let alias else { return list(aliases.list, context) }
        if let equals = alias.firstIndex(of: "=") { throw AliasError.noCommand(String(alias[..<equals])) }
        guard let mark = command.first else {
            guard let text = aliases[alias] else { throw AliasError.unknown(alias, near: near(alias, context)) }
            return list([(name: alias, command: text)], context)
        }
        guard mark == "=", command.count > 1 else { throw AliasError.noCommand(alias) }
        try check(alias, context)
        context.session.aliases[alias] = command.dropFirst().joined(separator: " ")
        list([(name: alias, command: context.session.aliases[alias] ?? "")], context)
    }

    private func list(_ aliases: [(name: String, command: String)], _ context: CommandContext) {
        guard !aliases.isEmpty else { return context.say("there are no aliases; make one with alias NAME = COMMAND") }
        context.emit(.fields(Fields(aliases.map { ($0.name, Text("= " + $0.command)) })))
    }

    /// An alias neither hides a command nor stands for none.
    private func check(_ alias: String, _ context: CommandContext) throws {
        let registry = context.session.registry
        guard alias.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }), alias.first != "-" else {
            throw AliasError.badName(alias)
        }
        guard registry[alias] == nil, registry.members(of: alias).isEmpty else {
            throw AliasError.isCommand(alias)
        }
        let words = command.dropFirst().map { ExpandedWord(text: $0, position: SourcePosition(line: 1, column: 1)) }
        guard registry.find(words.map(\.text)) == nil, context.session.aliases[words[0].text] == nil else { return }
        var error = registry.unknownCommand(Array(words))
        error.position = nil
        throw error
    }

    private func near(_ alias: String, _ context: CommandContext) -> [String] {
        Suggestions.nearest(to: alias, among: context.session.aliases.list.map(\.name))
    }
}

/// `alias remove NAME`.
struct AliasRemoveCommand: Command {
    static let name = "alias remove"
    static let summary = "forget a short name"
    static let examples = ["alias remove look"]

    @Argument("the short name", completion: .live(.aliases)) var alias: String

    mutating func run(_ context: CommandContext) throws {
        guard context.session.aliases[alias] != nil else {
            let names = context.session.aliases.list.map(\.name)
            throw AliasError.unknown(alias, near: Suggestions.nearest(to: alias, among: names))
        }
        context.session.aliases[alias] = nil
        context.say("\(alias) is forgotten")
    }
}

/// `exit`.
struct ExitCommand: Command {
    static let name = "exit"
    static let summary = "leave, with a code for whoever started the program"
    static let examples = ["exit", "exit 3"]

    @Argument("0 for success, 1 to 255 for anything else", in: 0...255) var code = 0

    mutating func run(_ context: CommandContext) throws {
        if context.session.recorder != nil { context.session.endRecording() }
        context.session.exitCode = Int32(code)
    }
}

/// Why an alias cannot be made or found.
enum AliasError: FailureConvertible {
    /// No alias has this name.
    case unknown(String, near: [String])
    /// The name has characters that names cannot have.
    case badName(String)
    /// A command has this name.
    case isCommand(String)
    /// Nothing follows that it could stand for.
    case noCommand(String)

    var failure: Failure {
        switch self {
        case .unknown(let name, let near):
            Failure(code: "AliasError", message: "no alias is called \"\(name)\"", suggestions: near, next: "alias")
        case .badName(let name):
            Failure(
                code: "AliasError", message: "\"\(name)\" cannot be an alias: use letters, digits, - and _",
                next: "help alias")
        case .isCommand(let name):
            Failure(code: "AliasError", message: "\(name) is a command; choose another name", next: "help \(name)")
        case .noCommand(let name):
            Failure(
                code: "AliasError", message: "an alias is written with blanks: alias \(name) = COMMAND",
                next: "help alias")
        }
    }
}
