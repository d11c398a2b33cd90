import Console
import JSON
import Tokenization

/// `tokenizer encode`: text to ids.
struct TokenizerEncodeCommand: Command {
    static let name = "tokenizer encode"
    static let summary = "turn text into token ids"
    static let discussion = """
        No <bos> and no <eos> are added unless asked for. A line of --lines is a string, or an object with "text"; the answer
        to each is {"ids": [...]} on a line of its own.
        """
    static let examples = [
        "tokenizer encode 'detect king of hearts' --tokenizer samples/tiny-paligemma2",
        "tokenizer encode --lines texts.jsonl --tokenizer samples/tiny-paligemma2",
    ]

    @Argument("the text") var text: String?
    @Option("a file with a text on each line, as JSON", completion: .file(extensions: ["jsonl"])) var lines: Path?
    @Flag("put <bos> in front") var bos = false
    @OptionGroup var options: TokenizerOptions

    mutating func run(_ context: CommandContext) throws {
        switch (text, lines) {
        case (let text?, nil): show(text, try options.load(context), context)
        case (nil, let lines?):
            let tokenizer = try options.load(context)
            try ToolLines(lines, context).answer(context) { line in
                let ids = tokenizer.encode(try line.text("text"), addBeginning: bos)
                return ["ids": .array(ids.map { .integer(Int64($0)) })]
            }
        default: throw Failure.oneOf("a text, or --lines", in: Self.name)
        }
    }

    private func show(_ text: String, _ tokenizer: Tokenizer, _ context: CommandContext) {
        let ids = tokenizer.encode(text, addBeginning: bos)
        context.emit(
            .fields(
                Fields([
                    ("tokens", "\(ids.count)"), ("ids", "\(ids.map(String.init).joined(separator: " "))"),
                    ("pieces", "\(ids.map { Literal.quoted(tokenizer.piece($0)) }.joined(separator: " "))"),
                ])))
    }
}
