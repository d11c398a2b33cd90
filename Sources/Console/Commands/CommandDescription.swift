/// What a command declares: the one source of help, completion, JSON and docs/commands.md.
package struct CommandDescription: Sendable, Equatable {
    /// The name, possibly of several words: `model load`.
    package var name: String
    /// One line without a period.
    package var summary: String
    /// Paragraphs that explain more; may be empty.
    package var discussion: String
    /// Commands that can be run as they stand.
    package var examples: [String]
    /// Options, flags and arguments in the order declared.
    package var parameters: [ParameterDescription]

    /// Arguments in the order they are written.
    package var arguments: [ParameterDescription] { parameters.filter { $0.kind == .argument } }
    /// Options and flags.
    package var options: [ParameterDescription] { parameters.filter { $0.kind != .argument } }

    /// The line that shows how the command is written.
    package var usage: String {
        let places = arguments.map(\.usage)
        let required = options.filter(\.isRequired).map(\.usage)
        let rest = options.contains { !$0.isRequired } ? ["[options]"] : []
        return ([name] + places + required + rest).joined(separator: " ")
    }
}

/// What one option, flag or argument declares.
package struct ParameterDescription: Sendable, Equatable {
    /// How the parameter is given.
    package enum Kind: String, Sendable {
        /// `--name VALUE`.
        case option
        /// `--name`.
        case flag
        /// By place.
        case argument
    }

    /// How it is given.
    package var kind: Kind
    /// The name in kebab case, without dashes in front.
    package var name: String
    /// What it does.
    package var help: String
    /// What stands for the value, such as `N`.
    package var valueName: String
    /// The unit of the value.
    package var unit: String?
    /// The default as it would be typed.
    package var defaultText: String?
    /// The only words allowed, empty when there is no list.
    package var allowedValues: [String]
    /// The range allowed, such as `0.0 to 1.0`.
    package var rangeText: String?
    /// What Tab offers.
    package var completion: CompletionKind
    /// Whether the command cannot run without it.
    package var isRequired: Bool
    /// Whether it can be given several times.
    package var isList: Bool

    /// How it is written: `--size N`, `--boxes`, `IMAGE`, `[SPLIT]`.
    package var usage: String {
        switch kind {
        case .option: return "--\(name) \(valueName)"
        case .flag: return defaultText == "true" ? "--no-\(name)" : "--\(name)"
        case .argument:
            let place = name.uppercased() + (isList ? "..." : "")
            return isRequired ? place : "[\(place)]"
        }
    }

    /// The help with unit, range and default behind it.
    package var fullHelp: String {
        var notes: [String] = []
        if let unit { notes.append("in \(unit)") }
        if kind == .argument, !allowedValues.isEmpty { notes.append(allowedValues.joined(separator: ", ")) }
        if let rangeText { notes.append(rangeText) }
        if isRequired, kind == .option { notes.append("required") }
        if let defaultText, kind != .flag { notes.append("default \(defaultText)") }
        return notes.isEmpty ? help : "\(help) (\(notes.joined(separator: "; ")))"
    }

    /// A property's name as an option's name: `learningRate` is `learning-rate`.
    static func kebabCase(_ label: String) -> String {
        var result = ""
        for character in label {
            if character.isUppercase {
                if !result.isEmpty, result.last != "-" { result.append("-") }
                result += character.lowercased()
            } else {
                result.append(character)
            }
        }
        return result
    }
}
