/// The added tokens of a tokenizer: looked for in texts, and by id.
struct AddedTokens: Sendable {
    /// The tokens by id.
    private(set) var byID: [Int32: AddedToken] = [:]
    private var ids: PieceTable
    /// Finds the tokens that are looked for in the text as it came.
    let splitterOfText: AddedTokenSplitter
    /// Finds the tokens that are looked for after spaces have been marked.
    let splitterOfMarkedText: AddedTokenSplitter

    /// Puts tokens together; refuses ids and texts that disagree with each other or with the model.
    init(
        _ tokens: [AddedToken], model: any PieceModel, replacements: [Replacement], file: String
    ) throws(TokenizerError) {
        ids = PieceTable(minimumCapacity: tokens.count)
        for token in tokens {
            if let other = byID.updateValue(token, forKey: token.id) {
                throw .sharedID(file: file, id: Int(token.id), first: other.content, second: token.content)
            }
            if let other = ids.insert(token.content, id: token.id) ?? model.id(of: token.content), other != token.id {
                throw .twoIDs(file: file, piece: token.content, first: Int(other), second: Int(token.id))
            }
            if let piece = model.piece(token.id), !piece.utf8.elementsEqual(token.content.utf8) {
                throw .sharedID(file: file, id: Int(token.id), first: piece, second: token.content)
            }
        }
        splitterOfText = AddedTokenSplitter(tokens.filter { !$0.isNormalized }.map { ($0.content, $0) })
        splitterOfMarkedText = AddedTokenSplitter(
            tokens.filter(\.isNormalized).map { token in
                let marked = replacements.reduce(Array(token.content.utf8)) { $1.applied(to: $0) }
                return (String(decoding: marked, as: UTF8.self), token)
            })
    }

    /// The id of a token.
    func id(of content: String) -> Int32? { ids.id(of: content) }
}
