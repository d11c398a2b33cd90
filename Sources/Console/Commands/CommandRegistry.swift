/// Every command of a program, found by name.
package struct CommandRegistry<Context> {
    /// A command ready to run: parsed, waiting for its context.
    package struct Invocation {
        /// The command's name.
        package let name: String
        /// Runs the command.
        package let run: (Context) throws -> Void
    }

    /// One command, its type hidden.
    package struct Entry {
        /// The name, possibly of several words.
        package let name: String
        /// One line about it.
        package let summary: String
        /// The whole declaration, made when asked for.
        package let describe: () -> CommandDescription
        /// Whether it takes the words behind its name as written.
        package let takesWordsAsWritten: Bool
        let invoke: ([ExpandedWord]) throws(CommandLineError) -> Invocation
    }

    /// A titled list of commands, as `help` shows them.
    package struct Group {
        /// The title.
        package let title: String
        /// The commands in the order shown.
        package let entries: [Entry]

        /// Makes a group of command types.
        package init(_ title: String, _ commands: [any Command<Context>.Type]) {
            self.title = title
            entries = commands.map { CommandRegistry.entry(for: $0) }
        }
    }

    /// The groups in the order shown.
    package let groups: [Group]
    private let entriesByName: [String: Entry]

    /// Makes a registry; two commands must not share a name.
    package init(_ groups: [Group]) {
        self.groups = groups
        let pairs = groups.flatMap(\.entries).map { ($0.name, $0) }
        entriesByName = Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Every command in the order shown.
    package var entries: [Entry] { groups.flatMap(\.entries) }

    /// The command with exactly this name.
    package subscript(name: String) -> Entry? { entriesByName[name] }

    /// Finds the command whose name the words begin with, the longest such name.
    package func find(_ words: [String]) -> (entry: Entry, wordCount: Int)? {
        for count in stride(from: min(3, words.count), through: 1, by: -1) {
            if let entry = entriesByName[words.prefix(count).joined(separator: " ")] { return (entry, count) }
        }
        return nil
    }

    /// Finds and parses a command line.
    package func parse(_ words: [ExpandedWord]) throws(CommandLineError) -> Invocation {
        guard let (entry, count) = find(words.map(\.text)) else { throw unknownCommand(words) }
        return try entry.invoke(Array(words.dropFirst(count)))
    }

    /// Commands whose name begins with the given words: `model` gives `model load`, `model info`, ...
    package func members(of family: String) -> [Entry] {
        entries.filter { $0.name.hasPrefix(family + " ") }
    }
}

extension CommandRegistry {
    private static func entry<C: Command<Context>>(for command: C.Type) -> Entry {
        Entry(
            name: command.name, summary: command.summary, describe: { command.description },
            takesWordsAsWritten: command.takesWordsAsWritten
        ) { (words) throws(CommandLineError) in
            let parsed = try command.parse(words)
            return Invocation(name: command.name) { context in
                var running = parsed
                try running.run(context)
            }
        }
    }

    /// The error for words that name no command, with near names.
    package func unknownCommand(_ words: [ExpandedWord]) -> CommandLineError {
        let first = words.first?.text ?? ""
        let family = members(of: first).map(\.name)
        if !family.isEmpty {
            guard words.count > 1 else {
                return CommandLineError(
                    reason: .incompleteCommand(first, members: family), position: words.first?.position)
            }
            let two = "\(first) \(words[1].text)"
            return CommandLineError(
                reason: .unknownCommand(two), position: words[1].position,
                suggestions: Suggestions.nearest(to: two, among: family))
        }
        let families = Set(entries.compactMap { $0.name.split(separator: " ").first.map(String.init) }).sorted()
        return CommandLineError(
            reason: .unknownCommand(first), position: words.first?.position,
            suggestions: Suggestions.nearest(to: first, among: families))
    }
}
