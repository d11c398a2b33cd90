/// The page docs/commands.md, made from declarations.
package enum CommandReference {
    /// The whole page.
    package static func markdown<Context>(of registry: CommandRegistry<Context>) -> String {
        var lines = [
            "# Commands", "",
            "Made by `palinote docs commands` from the commands' declarations; do not edit by hand.",
        ]
        for group in registry.groups where !group.entries.isEmpty {
            lines += ["", "## \(group.title)"]
            for entry in group.entries { lines += [""] + section(entry.describe()) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func section(_ command: CommandDescription) -> [String] {
        var lines = ["### `\(command.name)`", "", sentence(command.summary)]
        if !command.discussion.isEmpty { lines += ["", command.discussion] }
        lines += ["", "```", command.usage, "```"]
        if !command.parameters.isEmpty {
            lines += ["", "| parameter | meaning |", "|---|---|"]
            lines += command.parameters.map { "| `\(escaped($0.usage))` | \(escaped($0.fullHelp)) |" }
        }
        if !command.examples.isEmpty { lines += ["", "```nb"] + command.examples + ["```"] }
        return lines
    }

    private static func sentence(_ text: String) -> String {
        guard let first = text.first else { return "" }
        return first.uppercased() + text.dropFirst() + (text.hasSuffix(".") ? "" : ".")
    }

    private static func escaped(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
