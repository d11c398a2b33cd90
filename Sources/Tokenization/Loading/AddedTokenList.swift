import JSON

/// Added tokens as they are gathered from the files around a `tokenizer.model`; what comes first counts.
struct AddedTokenList {
    /// The tokens so far.
    private(set) var tokens: [AddedToken] = []
    private var known: Set<ExactKey> = []
    private let file: String

    /// An empty list; `file` is what errors name.
    init(file: String) { self.file = file }

    /// Adds the table under `added_tokens_decoder` of a `tokenizer_config.json`.
    mutating func addDecoder(of config: JSON, file: String) throws(TokenizerError) {
        guard let decoder = config["added_tokens_decoder"], !decoder.isNull else { return }
        guard let members = decoder.object else {
            throw .malformed(
                file: file, place: "added_tokens_decoder", found: decoder.kind, expected: "an object of ids and tokens")
        }
        for (key, value) in members {
            guard let id = Int(key) else {
                throw .malformed(
                    file: file, place: "the key \"\(key)\" in added_tokens_decoder", found: "no number",
                    expected: "an id")
            }
            add(try AddedToken(value, id: id, file: file))
        }
    }

    /// Adds the table of an `added_tokens.json`, ids by text.
    mutating func addTable(_ table: JSON, special: Set<String>, file: String) throws(TokenizerError) {
        guard let members = table.object else {
            throw .malformed(file: file, place: "the file", found: table.kind, expected: "an object of texts and ids")
        }
        for (content, value) in members {
            guard let id = value.integer else {
                throw .malformed(file: file, place: "\"\(content)\"", found: value.kind, expected: "an id")
            }
            let earlier = tokens.first { $0.content.utf8.elementsEqual(content.utf8) }
            if let earlier, Int(earlier.id) != id {
                throw .twoIDs(file: file, piece: content, first: Int(earlier.id), second: id)
            }
            try add(content, id: id, isSpecial: special.contains(content))
        }
    }

    /// Adds a token, which is looked for after spaces have been marked unless it is special, as transformers has it.
    mutating func add(_ content: String, id: Int, isSpecial: Bool) throws(TokenizerError) {
        let id = try AddedToken.checked(id, content: content, file: file)
        add(AddedToken(content: content, id: id, isSpecial: isSpecial, isNormalized: !isSpecial))
    }

    /// Adds the marks of a model (`<pad>`, `<eos>`, `<bos>`, `<unk>`), which SentencePiece does not look for in text.
    mutating func addMarks(of model: SentencePieceModel) {
        for id in 0..<Int32(clamping: model.pieceCount) {
            let kind = model.kind(id)
            guard kind == .control || kind == .unknown, let content = model.piece(id) else { continue }
            add(AddedToken(content: content, id: id, isSpecial: true))
        }
    }

    private mutating func add(_ token: AddedToken) {
        guard known.insert(ExactKey(text: token.content)).inserted else { return }
        tokens.append(token)
    }
}

extension AddedToken {
    /// Reads an entry such as `{"content": "<eos>", "special": true, …}`; absent flags are false.
    init(_ value: JSON, id: Int, file: String) throws(TokenizerError) {
        guard let content = value["content"]?.string, !content.isEmpty else {
            throw .malformed(
                file: file, place: "the added token of id \(id)", found: value.text(),
                expected: "an object with \"content\"")
        }
        self.init(
            content: content, id: try Self.checked(id, content: content, file: file),
            isSpecial: value["special"]?.bool ?? false, isNormalized: value["normalized"]?.bool ?? false,
            takesSpaceBefore: value["lstrip"]?.bool ?? false, takesSpaceAfter: value["rstrip"]?.bool ?? false,
            isSingleWord: value["single_word"]?.bool ?? false)
    }

    /// The number as an id, if a vocabulary can have it.
    static func checked(_ id: Int, content: String, file: String) throws(TokenizerError) -> Int32 {
        guard (0..<Self.idLimit).contains(id) else { throw .invalidID(file: file, piece: content, id: id) }
        return Int32(id)
    }

    /// No vocabulary is as large as this; larger ids are taken for damage.
    static let idLimit = 1 << 24
}
