import JSON

/// Why a tokenizer cannot be loaded.
package enum TokenizerError: Error, Equatable {
    case noTokenizer(folder: String)
    case unreadable(file: String, reason: String)
    case invalidModel(file: String, reason: String)
    case invalidJSON(JSONError)
    case malformed(file: String, place: String, found: String, expected: String)
    case unsupported(file: String, place: String, found: String, expected: String)
    case invalidID(file: String, piece: String, id: Int)
    case sharedID(file: String, id: Int, first: String, second: String)
    case twoIDs(file: String, piece: String, first: Int, second: Int)
    case unknownMergePart(file: String, merge: Int, part: String)
}

extension TokenizerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noTokenizer(let folder):
            "\(folder) holds neither tokenizer.json nor tokenizer.model; name the folder of a PaliGemma checkpoint"
        case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)"
        case .invalidModel(let file, let reason):
            "\(file) is not a SentencePiece model that can be used: \(reason); download it again"
        case .invalidJSON(let error): "\(error)"
        case .malformed(let file, let place, let found, let expected):
            "\(file): \(place) is \(found), expected \(expected)"
        case .unsupported(let file, let place, let found, let expected):
            "\(file): \(place) is \(found), which Palinote cannot do; it knows \(expected)"
        case .invalidID(let file, let piece, let id): "\(file): the token \"\(piece)\" has the id \(id), which is no id"
        case .sharedID(let file, let id, let first, let second):
            "\(file): the tokens \"\(first)\" and \"\(second)\" share the id \(id)"
        case .twoIDs(let file, let piece, let first, let second):
            "\(file): the token \"\(piece)\" has two ids, \(first) and \(second)"
        case .unknownMergePart(let file, let merge, let part):
            "\(file): merge \(merge) uses \"\(part)\", which is not in the vocabulary"
        }
    }
}
