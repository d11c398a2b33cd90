import Console
import JSON

/// `palinote docs`: pages made from declarations.
struct DocsCommand: Command {
    /// A page that can be made.
    enum Page: String, Choice {
        /// docs/commands.md.
        case commands
    }

    static let name = "docs"
    static let summary = "print a page of the documentation that is made from the program itself"
    static let examples = ["palinote docs commands", "palinote docs commands --json"]

    @Argument("which page") var page: Page
    @Flag("print the declarations as JSON, one command a line") var json = false

    mutating func run(_ context: ProgramContext) throws {
        let registry = CommandRegistry<CommandContext>.standard
        let lines = registry.entries.map { JSONRenderer.object($0.describe()).text() + "\n" }
        _ = context.surroundings.writeOutput(json ? lines.joined() : CommandReference.markdown(of: registry))
    }
}
