/// A command line that names no command, or does not fit the command it names.
package struct CommandLineError: Error, Sendable, Equatable {
    /// What is wrong.
    package enum Reason: Sendable, Equatable {
        /// No command has this name.
        case unknownCommand(String)
        /// The words name a family of commands, not one of them.
        case incompleteCommand(String, members: [String])
        /// The command has no such option.
        case unknownOption(String)
        /// An option stands last, or before another option.
        case missingValue(option: String, valueName: String)
        /// A flag was given a value.
        case unexpectedValue(flag: String)
        /// A value has the wrong form.
        case badValue(parameter: String, found: String, expected: String)
        /// Required options or arguments are not there.
        case missing([String])
        /// More words than the command takes.
        case extraWord(String)
        /// A single-valued option was given twice.
        case repeated(String)
    }

    /// What is wrong.
    package var reason: Reason
    /// The command, as far as it is known.
    package var command: String?
    /// The place of the word at fault.
    package var position: SourcePosition?
    /// Near names.
    package var suggestions: [String]

    /// Makes an error.
    package init(
        reason: Reason, command: String? = nil, position: SourcePosition? = nil, suggestions: [String] = []
    ) {
        self.reason = reason
        self.command = command
        self.position = position
        self.suggestions = suggestions
    }
}

extension CommandLineError: CustomStringConvertible {
    /// One sentence: what was found and what is expected.
    package var description: String {
        let owner = command.map { " of \($0)" } ?? ""
        switch reason {
        case .unknownCommand(let name): return "no command is called \"\(name)\""
        case .incompleteCommand(let name, let members):
            return "\(name) is a family of commands: \(members.joined(separator: ", "))"
        case .unknownOption(let name): return "\(name) is no option\(owner)"
        case .missingValue(let option, let valueName): return "\(option)\(owner) needs a value: \(option) \(valueName)"
        case .unexpectedValue(let flag): return "\(flag)\(owner) takes no value; write \(flag) alone"
        case .badValue(let parameter, let found, let expected):
            return "\(parameter)\(owner) is \"\(found)\", expected \(expected)"
        case .missing(let names): return "\(command ?? "the command") needs \(names.joined(separator: " and "))"
        case .extraWord(let word): return "\"\(word)\" is one word too many for \(command ?? "the command")"
        case .repeated(let option): return "\(option)\(owner) is given twice"
        }
    }

    /// The kind of mistake, as failures and recorded sessions name it.
    package var code: String {
        switch reason {
        case .unknownCommand, .incompleteCommand: "UnknownCommand"
        case .unknownOption: "UnknownOption"
        default: "UsageError"
        }
    }
}
