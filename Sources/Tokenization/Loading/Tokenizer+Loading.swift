import Files
import FoundationEssentials
import JSON

extension Tokenizer {
    /// Loads the tokenizer of a checkpoint's folder: `tokenizer.json` if there is one, otherwise `tokenizer.model` with
    /// what `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` add to it.
    package convenience init(folder: String) throws(TokenizerError) {
        if TokenizerFile.exists("\(folder)/tokenizer.json") {
            try self.init(jsonPath: "\(folder)/tokenizer.json")
        } else if TokenizerFile.exists("\(folder)/tokenizer.model") {
            try self.init(modelFolder: folder)
        } else {
            throw .noTokenizer(folder: folder)
        }
    }

    /// Loads a `tokenizer.json`, with byte-pair merges of its own.
    package convenience init(jsonPath path: String) throws(TokenizerError) {
        let description = try TokenizerDescription(try TokenizerFile.json(path), file: path)
        try self.init(
            model: description.model, addedTokens: description.addedTokens, replacements: description.replacements,
            file: path)
    }

    /// Loads a SentencePiece model, with tokens of one's own beside its pieces.
    /// - Parameter addedTokens: ids by text; of these only `<image>` counts as special.
    package convenience init(modelPath path: String, addedTokens: [String: Int] = [:]) throws(TokenizerError) {
        let model = try SentencePieceModel(bytes: try TokenizerFile.bytes(path), file: path)
        var tokens = AddedTokenList(file: path)
        tokens.addMarks(of: model)
        for (content, id) in addedTokens.sorted(by: { $0.value < $1.value }) {
            try tokens.add(content, id: id, isSpecial: content == "<image>")
        }
        try self.init(model: model, addedTokens: tokens.tokens, replacements: [.markedSpaces], file: path)
    }

    private convenience init(modelFolder folder: String) throws(TokenizerError) {
        let path = "\(folder)/tokenizer.model"
        let model = try SentencePieceModel(bytes: try TokenizerFile.bytes(path), file: path)
        var tokens = AddedTokenList(file: path)
        if TokenizerFile.exists("\(folder)/tokenizer_config.json") {
            let config = "\(folder)/tokenizer_config.json"
            try tokens.addDecoder(of: try TokenizerFile.json(config), file: config)
        }
        var special: Set<String> = []
        if TokenizerFile.exists("\(folder)/special_tokens_map.json") {
            special = Self.specialContents(try TokenizerFile.json("\(folder)/special_tokens_map.json"))
        }
        if TokenizerFile.exists("\(folder)/added_tokens.json") {
            let file = "\(folder)/added_tokens.json"
            try tokens.addTable(try TokenizerFile.json(file), special: special, file: file)
        }
        tokens.addMarks(of: model)
        try self.init(model: model, addedTokens: tokens.tokens, replacements: [.markedSpaces], file: folder)
    }

    /// The texts in a `special_tokens_map.json`: each a string, an object with `content`, or a list of these.
    private static func specialContents(_ map: JSON) -> Set<String> {
        let values = map.object?.values ?? []
        let flat = values.flatMap { $0.array ?? [$0] }
        return Set(flat.compactMap { $0.string ?? $0["content"]?.string })
    }
}

/// Reading the files of a tokenizer.
enum TokenizerFile {
    /// Whether there is such a file.
    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// The bytes of a file.
    static func bytes(_ path: String) throws(TokenizerError) -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw .unreadable(file: path, reason: SystemReason.of(error))
        }
    }

    /// The value in a JSON file.
    static func json(_ path: String) throws(TokenizerError) -> JSON {
        let bytes = try bytes(path)
        do {
            return try JSON(parsing: bytes, name: path)
        } catch {
            throw .invalidJSON(error)
        }
    }
}
