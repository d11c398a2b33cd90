import Console

/// Values that options of commands have where the line gives none, as `optimize … --apply` chose them.
struct CommandDefaults: Equatable {
    /// By command and option.
    private(set) var values: [String: [String: String]] = [:]

    /// Whether every option has its usual value.
    var isEmpty: Bool { values.isEmpty }

    /// The options of a command, in the order of their names.
    func options(of command: String) -> [(option: String, word: String)] {
        (values[command] ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Gives an option of a command a value.
    mutating func set(_ option: String, of command: String, to word: String) {
        values[command, default: [:]][option] = word
    }

    /// The options as they would be typed, command by command.
    var lines: [String] {
        values.keys.sorted().map { command in
            ([command] + options(of: command).map { "--\($0.option) \($0.word)" }).joined(separator: " ")
        }
    }
}

/// The defaults that `optimize` set.
enum CommandDefaultsSlot: WorkspaceSlot {
    static let name = "defaults"

    static func summary(of defaults: CommandDefaults) -> Text { "\(defaults.lines.joined(separator: "; "))" }

    static func stateParts(of defaults: CommandDefaults) -> [StatePart] {
        [StatePart(name: "options", content: defaults.lines.joined(separator: "\n").utf8)]
    }
}

extension CommandContext {
    /// The defaults that hold now; empty ones leave the slot.
    var commandDefaults: CommandDefaults {
        get { workspace[CommandDefaultsSlot.self] ?? CommandDefaults() }
        set { workspace[CommandDefaultsSlot.self] = newValue.isEmpty ? nil : newValue }
    }

    /// Gives a running command the defaults for what its line does not say, and names them.
    func applyDefaults(to command: some Command) {
        let taken = command.takeDefaults(commandDefaults.options(of: type(of: command).name))
        guard !taken.isEmpty else { return }
        say("as optimize set: \(taken.map { "--\($0.option) \($0.word)" }.joined(separator: " "))")
    }
}
