/// Help pages as outputs, made from declarations.
package enum CommandHelp {
    /// The page of one command.
    package static func page(of command: CommandDescription) -> [Output] {
        var outputs: [Output] = [
            .text(Text(command.name, style: .strong) + ": " + Text(command.summary)),
            .text(Text("usage: \(command.usage)")),
        ]
        if !command.discussion.isEmpty { outputs.append(.text(Text("\n" + command.discussion))) }
        outputs += section("arguments", command.arguments)
        outputs += section("options", command.options)
        if !command.examples.isEmpty {
            outputs.append(.text("\nexamples"))
            outputs.append(.text(Text(command.examples.map { "  " + $0 }.joined(separator: "\n"))))
        }
        return outputs
    }

    /// The list of all commands, group by group.
    package static func overview<Context>(of registry: CommandRegistry<Context>) -> [Output] {
        let width = registry.entries.map { DisplayWidth.of($0.name) }.max() ?? 0
        var outputs: [Output] = []
        for (index, group) in registry.groups.enumerated() where !group.entries.isEmpty {
            outputs.append(.text(Text((index == 0 ? "" : "\n") + group.title)))
            let lines = group.entries.map { "  \(DisplayWidth.pad($0.name, to: width))  \($0.summary)" }
            outputs.append(.text(Text(lines.joined(separator: "\n"))))
        }
        return outputs + [.text("\nhelp COMMAND shows its options and examples")]
    }

    private static func section(_ title: String, _ parameters: [ParameterDescription]) -> [Output] {
        guard !parameters.isEmpty else { return [] }
        let pairs = parameters.map { ("  " + $0.usage, $0.fullHelp) }
        let width = min(32, pairs.map { DisplayWidth.of($0.0) }.max() ?? 0)
        let lines = pairs.map { usage, help in
            DisplayWidth.of(usage) <= width
                ? "\(DisplayWidth.pad(usage, to: width))  \(help)"
                : "\(usage)\n\(String(repeating: " ", count: width))  \(help)"
        }
        return [.text(Text("\n" + title)), .text(Text(lines.joined(separator: "\n")))]
    }
}
