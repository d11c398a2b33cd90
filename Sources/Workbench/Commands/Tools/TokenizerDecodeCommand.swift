import Console
import JSON
import Tokenization

/// `tokenizer decode`: ids to text.
struct TokenizerDecodeCommand: Command {
    static let name = "tokenizer decode"
    static let summary = "turn token ids into text"
    static let discussion = """
        A line of --lines is an array of ids, or an object with "ids"; the answer to each is {"text": "..."} on a line of its
        own. An id outside the vocabulary is an error.
        """
    static let examples = [
        "tokenizer decode 2 108 --tokenizer samples/tiny-paligemma2",
        "tokenizer decode --lines ids.jsonl --skip-special-tokens --tokenizer samples/tiny-paligemma2",
    ]

    @Argument("the ids") var ids: [Int]
    @Option("a file with ids on each line, as JSON", completion: .file(extensions: ["jsonl"])) var lines: Path?
    @Flag("leave out marks such as <bos> and <image>") var skipSpecialTokens = false
    @OptionGroup var options: TokenizerOptions

    mutating func run(_ context: CommandContext) throws {
        guard ids.isEmpty != (lines == nil) else { throw Failure.oneOf("ids, or --lines", in: Self.name) }
        let tokenizer = try options.load(context)
        guard let lines else {
            return context.say(Text(try text(of: ids, tokenizer) { Failure(code: "NoSuchToken", message: "\($0)") }))
        }
        try ToolLines(lines, context).answer(context) { line in
            let values = line.value.array ?? line.value["ids"]?.array
            let ids = values?.compactMap(\.integer)
            guard let ids, ids.count == values?.count else {
                throw line.fault("the line is no array of ids, and has none under \"ids\"")
            }
            return ["text": .string(try text(of: ids, tokenizer, line.fault))]
        }
    }

    private func text(of ids: [Int], _ tokenizer: Tokenizer, _ fault: (String) -> Failure) throws -> String {
        if let stranger = ids.first(where: { !(0..<tokenizer.vocabularySize).contains($0) }) {
            throw fault("there is no token \(stranger); the vocabulary has \(tokenizer.vocabularySize), from 0")
        }
        return tokenizer.decode(ids.map { Int32($0) }, skipSpecialTokens: skipSpecialTokens)
    }
}
