/// Cuts text into pieces of a vocabulary.
protocol PieceModel: Sendable {
    /// The number of pieces; ids run from 0 to one less.
    var pieceCount: Int { get }

    /// The text of a piece, or nil for an id out of range.
    func piece(_ id: Int32) -> String?

    /// The id of a piece, compared byte by byte.
    func id(of piece: String) -> Int32?

    /// Appends the ids of a text in which spaces are written `▁` and that holds no added token.
    func encode(_ text: [UInt8], into ids: inout [Int32])
}
