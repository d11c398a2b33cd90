/// A command: a struct whose declaration is its parser, its help, its completion and its page in the docs.
///
///     struct Infer: Command {
///         static let name = "infer"
///         static let summary = "find objects in one image"
///         static let examples = ["infer photo.jpg --max-new-tokens 100"]
///         @Argument("the picture to look at") var image: Path
///         @Option("longest answer", unit: "tokens") var maxNewTokens = 100
///         mutating func run(_ context: CommandContext) throws { ... }
///     }
///
/// `Context` is what the program hands to a running command; Console knows nothing about it.
package protocol Command<Context> {
    /// What a running command is handed.
    associatedtype Context
    /// The name, possibly of several words: `model load`.
    static var name: String { get }
    /// What it does: one line without a period.
    static var summary: String { get }
    /// Paragraphs that explain more.
    static var discussion: String { get }
    /// Commands that can be run as they stand.
    static var examples: [String] { get }
    /// Whether the words behind the name are a command line of its own: they come as written, and none is an option.
    static var takesWordsAsWritten: Bool { get }
    /// Makes the command with every default.
    init()
    /// Does the work and emits outputs through the context.
    mutating func run(_ context: Context) throws
}

extension Command {
    package static var discussion: String { "" }
    package static var examples: [String] { [] }
    package static var takesWordsAsWritten: Bool { false }

    /// The command's declaration as a value.
    package static var description: CommandDescription {
        CommandDescription(
            name: name, summary: summary, discussion: discussion, examples: examples,
            parameters: ParameterReflection.parameters(of: Self()).map(\.0))
    }

    /// Makes the command from the words behind its name.
    package static func parse(_ words: [ExpandedWord]) throws(CommandLineError) -> Self {
        let command = Self()
        let parameters = ParameterReflection.parameters(of: command)
        try CommandParser(command: name, parameters: parameters, takesOptions: !takesWordsAsWritten).parse(words)
        return command
    }

    /// Takes values for options that were not given on the line, as if they had been.
    ///
    /// - Parameter defaults: names of options, without dashes, and words.
    /// - Returns: those that were taken; names that the command does not know, and words it refuses, are not.
    package func takeDefaults(_ defaults: [(option: String, word: String)]) -> [(option: String, word: String)] {
        let parameters = ParameterReflection.parameters(of: self)
        return defaults.filter { option, word in
            guard let parameter = parameters.first(where: { $0.0.kind == .option && $0.0.name == option })?.1,
                !parameter.wasGiven
            else { return false }
            return (try? parameter.take(word)) != nil
        }
    }
}
