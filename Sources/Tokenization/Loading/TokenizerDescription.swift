import JSON

/// What a `tokenizer.json` says, as far as encoding without special tokens and decoding need it.
struct TokenizerDescription {
    /// The vocabulary and its merges.
    let model: BytePairModel
    /// The added tokens.
    let addedTokens: [AddedToken]
    /// What happens to a text before it is cut into pieces.
    let replacements: [Replacement]

    /// Reads the description; refuses steps that Palinote does not know rather than passing over them.
    init(_ value: JSON, file: String) throws(TokenizerError) {
        guard value.object != nil, let model = value["model"], model.object != nil else {
            throw .malformed(
                file: file, place: "\"model\"", found: value["model"]?.kind ?? "absent", expected: "an object")
        }
        replacements = try Self.replacements(value["normalizer"] ?? nil, file: file)
        try Self.checkPreTokenizer(value["pre_tokenizer"] ?? nil, replacements, file: file)
        try Self.checkDecoder(value["decoder"] ?? nil, file: file)
        addedTokens = try Self.addedTokens(value["added_tokens"] ?? [], file: file)
        self.model = try BytePairModel(model, file: file)
    }

    private static func addedTokens(_ value: JSON, file: String) throws(TokenizerError) -> [AddedToken] {
        guard let elements = value.array else {
            throw .malformed(file: file, place: "\"added_tokens\"", found: value.kind, expected: "an array")
        }
        var tokens: [AddedToken] = []
        for element in elements {
            guard let id = element["id"]?.integer else {
                throw .malformed(
                    file: file, place: "an entry of \"added_tokens\"", found: element.text(),
                    expected: "an object with \"id\"")
            }
            tokens.append(try AddedToken(element, id: id, file: file))
        }
        return tokens
    }

    /// Reads `null`, a `Replace`, or a `Sequence` of these.
    private static func replacements(_ value: JSON, file: String) throws(TokenizerError) -> [Replacement] {
        if value.isNull { return [] }
        switch value["type"]?.string {
        case "Replace":
            guard let pattern = value["pattern"]?["String"]?.string, !pattern.isEmpty,
                let content = value["content"]?.string
            else { break }
            return [Replacement(pattern, by: content)]
        case "Sequence":
            var all: [Replacement] = []
            for element in value["normalizers"]?.array ?? [] { all += try replacements(element, file: file) }
            return all
        default: break
        }
        throw .unsupported(
            file: file, place: "\"normalizer\"", found: value.text(), expected: "a Replace of one text by another")
    }

    /// Accepts `null`, and a `Split` at a text that the replacements leave none of (Gemma's, at spaces).
    private static func checkPreTokenizer(
        _ value: JSON, _ replacements: [Replacement], file: String
    ) throws(TokenizerError) {
        if value.isNull { return }
        if value["type"]?.string == "Split", let pattern = value["pattern"]?["String"]?.string,
            replacements.last?.pattern == Array(pattern.utf8)
        {
            return
        }
        throw .unsupported(
            file: file, place: "\"pre_tokenizer\"", found: value.text(), expected: "none, or Gemma's Split at spaces")
    }

    /// Accepts the steps that `PieceText.joined` takes: `▁` to space, byte fallback, fuse.
    private static func checkDecoder(_ value: JSON, file: String) throws(TokenizerError) {
        let steps: JSON = [
            ["type": "Replace", "pattern": ["String": "▁"], "content": " "], ["type": "ByteFallback"], ["type": "Fuse"],
        ]
        guard value["type"]?.string == "Sequence", value["decoders"] == steps else {
            throw .unsupported(
                file: file, place: "\"decoder\"", found: value.text(),
                expected: "Gemma's Sequence of Replace, ByteFallback and Fuse")
        }
    }
}
