import JSON

extension BytePairModel {
    /// Reads the `model` of a `tokenizer.json`.
    init(_ value: JSON, file: String) throws(TokenizerError) {
        try Self.checkKind(value, file: file)
        guard let vocabulary = value["vocab"]?.object else {
            throw .malformed(
                file: file, place: "\"vocab\"", found: value["vocab"]?.kind ?? "absent",
                expected: "an object of pieces and ids")
        }
        (pieces, ids) = try Self.pieces(vocabulary, file: file)
        let merges = value["merges"] ?? []
        guard let list = merges.array else {
            throw .malformed(file: file, place: "\"merges\"", found: merges.kind, expected: "an array")
        }
        self.merges = try Self.merges(list, ids, file: file)
        byteIDs = value["byte_fallback"]?.bool == true ? Self.byteIDs(ids) : Array(repeating: nil, count: 256)
        unknownID = value["unk_token"]?.string.flatMap { [ids] in ids.id(of: $0) }
        fusesUnknown = value["fuse_unk"]?.bool ?? false
    }

    /// Refuses other models, and options that would change the ids.
    private static func checkKind(_ value: JSON, file: String) throws(TokenizerError) {
        let type = value["type"]?.string ?? "BPE"
        guard type == "BPE" else {
            throw .unsupported(file: file, place: "the model's type", found: type, expected: "BPE")
        }
        for option in ["continuing_subword_prefix", "end_of_word_suffix", "dropout", "ignore_merges"] {
            let found = value[option] ?? nil
            let isOff = found.isNull || found == false || found == "" || found.double == 0
            guard isOff else {
                throw .unsupported(
                    file: file, place: "the model's \"\(option)\"", found: found.text(), expected: "models without it")
            }
        }
    }

    private static func pieces(_ vocabulary: JSONObject, file: String) throws(TokenizerError) -> ([String?], PieceTable)
    {
        var table = PieceTable(minimumCapacity: vocabulary.count)
        var pieces = [String?](repeating: nil, count: vocabulary.count)
        for (piece, value) in vocabulary {
            guard let number = value.integer else {
                throw .malformed(
                    file: file, place: "the id of \"\(piece)\"", found: value.kind, expected: "a whole number")
            }
            let id = Int(try AddedToken.checked(number, content: piece, file: file))
            if id >= pieces.count { pieces += [String?](repeating: nil, count: id + 1 - pieces.count) }
            if let other = pieces[id] { throw .sharedID(file: file, id: id, first: other, second: piece) }
            pieces[id] = piece
            _ = table.insert(piece, id: Int32(id))
        }
        return (pieces, table)
    }

    /// Reads merges written `["a", "b"]` or, in older files, `"a b"`.
    private static func merges(
        _ list: [JSON], _ ids: PieceTable, file: String
    ) throws(TokenizerError) -> [UInt64: Merge] {
        var merges: [UInt64: Merge] = [:]
        merges.reserveCapacity(list.count)
        for (rank, element) in list.enumerated() {
            guard let (left, right) = parts(of: element) else {
                throw .malformed(
                    file: file, place: "merge \(rank)", found: element.text(), expected: "a pair of pieces")
            }
            func id(_ piece: String) throws(TokenizerError) -> Int32 {
                guard let id = ids.id(of: piece) else {
                    throw .unknownMergePart(file: file, merge: rank, part: piece)
                }
                return id
            }
            merges[key(try id(left), try id(right))] = Merge(rank: Int32(rank), id: try id(left + right))
        }
        return merges
    }

    private static func parts(of merge: JSON) -> (String, String)? {
        switch merge {
        case .array(let parts) where parts.count == 2:
            guard case .string(let left) = parts[0], case .string(let right) = parts[1] else { return nil }
            return (left, right)
        case .string(let text):
            let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        default: return nil
        }
    }

    /// The ids of the 256 bytes, as far as there are.
    private static func byteIDs(_ ids: PieceTable) -> [Int32?] {
        (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return ids.id(of: "<0x\(byte < 16 ? "0" : "")\(digits)>")
        }
    }
}
