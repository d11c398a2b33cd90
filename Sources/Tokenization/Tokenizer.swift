/// Turns text into the ids of tokens and back, equal to the reference's fast tokenizer.
///
/// A text is cut at its added tokens (`<image>`, `<loc0123>`, line ends, …); what lies between is cut into pieces by a
/// `PieceModel`. Nothing changes after loading, so any thread may use it.
package final class Tokenizer: Sendable {
    private let model: any PieceModel
    private let replacements: [Replacement]
    private let added: AddedTokens

    /// One more than the largest id.
    package let vocabularySize: Int
    /// The id of `<pad>`.
    package let padID: Int32?
    /// The id of `<eos>`, the end of a text.
    package let eosID: Int32?
    /// The id of `<bos>`, the beginning of a text.
    package let bosID: Int32?
    /// The id of `<unk>`.
    package let unknownID: Int32?
    /// The id of `<image>`, which stands for one patch of the picture.
    package let imageID: Int32?
    /// The id of a line end, which closes PaliGemma's prompt.
    package let newlineID: Int32?
    /// The id of `<loc0000>` if `<loc0000>` to `<loc1023>` have ids in a row, otherwise nil.
    package let locationBase: Int32?
    /// The id of `<seg000>` if `<seg000>` to `<seg127>` have ids in a row, otherwise nil.
    package let segmentationBase: Int32?

    /// The ids of all locations, if they are in a row.
    package var locationIDs: Range<Int>? { locationBase.map { Int($0)..<Int($0) + Self.locationCount } }

    /// The number of location tokens, 0 to 1023.
    package static let locationCount = 1024
    /// The number of segmentation tokens, 0 to 127.
    package static let segmentationCount = 128

    /// Puts the parts together.
    init(
        model: any PieceModel, addedTokens: [AddedToken], replacements: [Replacement], file: String
    ) throws(TokenizerError) {
        let added = try AddedTokens(addedTokens, model: model, replacements: replacements, file: file)
        func id(_ piece: String) -> Int32? { added.id(of: piece) ?? model.id(of: piece) }
        self.model = model
        self.replacements = replacements
        self.added = added
        vocabularySize = max(model.pieceCount, Int(added.byID.keys.max() ?? -1) + 1)
        padID = id("<pad>")
        eosID = id("<eos>")
        bosID = id("<bos>")
        unknownID = id("<unk>")
        imageID = id("<image>")
        newlineID = id("\n")
        locationBase = Self.base(of: "loc", digits: 4, count: Self.locationCount, id: id)
        segmentationBase = Self.base(of: "seg", digits: 3, count: Self.segmentationCount, id: id)
    }

    /// The ids of a text.
    /// - Parameter addBeginning: whether `<bos>` comes first, where the vocabulary has it.
    package func encode(_ text: String, addBeginning: Bool = false) -> [Int32] {
        var ids: [Int32] = []
        if addBeginning, let bosID { ids.append(bosID) }
        let bytes = Array(text.utf8)
        for part in added.splitterOfText.parts(of: bytes, in: bytes.indices) {
            switch part {
            case .token(let id): ids.append(id)
            case .text(let range): encodeMarked(replacements.reduce(Array(bytes[range])) { $1.applied(to: $0) }, &ids)
            }
        }
        return ids
    }

    /// The text of ids. Ids that do not exist are passed over; bytes that are no UTF-8 become replacement characters.
    /// - Parameter skipSpecialTokens: whether marks such as `<bos>` and `<image>` are left out.
    package func decode(_ ids: [Int32], skipSpecialTokens: Bool = false) -> String {
        PieceText.joined(
            ids.compactMap { id in
                if let token = added.byID[id] { return skipSpecialTokens && token.isSpecial ? nil : token.content }
                return model.piece(id)
            })
    }

    /// The piece of an id as the vocabulary spells it, such as `▁card` or `<0x0A>`; empty for an id that does not exist.
    package func piece(_ id: Int32) -> String {
        added.byID[id]?.content ?? model.piece(id) ?? ""
    }

    /// The id of a piece as the vocabulary spells it.
    package func id(of piece: String) -> Int32? {
        added.id(of: piece) ?? model.id(of: piece)
    }

    /// Whether an id is a mark that decoding may leave out.
    package func isSpecial(_ id: Int32) -> Bool {
        added.byID[id]?.isSpecial ?? false
    }

    private func encodeMarked(_ text: [UInt8], _ ids: inout [Int32]) {
        for part in added.splitterOfMarkedText.parts(of: text, in: text.indices) {
            switch part {
            case .token(let id): ids.append(id)
            case .text(let range) where range == text.indices: model.encode(text, into: &ids)
            case .text(let range): model.encode(Array(text[range]), into: &ids)
            }
        }
    }

    /// The id of the first of numbered tokens, if all of them are there in a row.
    private static func base(of name: String, digits: Int, count: Int, id: (String) -> Int32?) -> Int32? {
        func token(_ number: Int) -> String {
            let text = String(number)
            return "<\(name)\(String(repeating: "0", count: digits - text.count))\(text)>"
        }
        guard let base = id(token(0)) else { return nil }
        let isComplete = (0..<count).allSatisfy { id(token($0)) == base + Int32($0) }
        return isComplete ? base : nil
    }
}
