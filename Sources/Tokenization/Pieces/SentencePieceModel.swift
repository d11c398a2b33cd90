import CSentencePiece

/// A vocabulary in SentencePiece's own file format, cut by libsentencepiece.
final class SentencePieceModel: PieceModel {
    /// What a piece is for.
    enum Kind {
        case normal, unknown, control, byte, unused
    }

    // Proof for `nonisolated(unsafe)`: the model never changes once loaded, so the library lets any thread ask it.
    nonisolated(unsafe) private let model: OpaquePointer
    let pieceCount: Int

    /// Reads a model from the bytes of its file.
    init(bytes: [UInt8], file: String) throws(TokenizerError) {
        var loaded: OpaquePointer?
        var message = [CChar](repeating: 0, count: 512)
        let status = bytes.withUnsafeBytes { bytes in
            csentencepiece_load(bytes.baseAddress, bytes.count, &loaded, &message, message.count)
        }
        guard status == CSENTENCEPIECE_OK, let loaded else {
            let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .invalidModel(file: file, reason: String(decoding: text, as: UTF8.self))
        }
        model = loaded
        pieceCount = Int(csentencepiece_piece_count(loaded))
        try checkTextIsKept(file: file)
    }

    deinit { csentencepiece_free(model) }

    func piece(_ id: Int32) -> String? {
        var byteCount = 0
        guard let text = csentencepiece_piece(model, id, &byteCount) else { return nil }
        return String(decoding: UnsafeRawBufferPointer(start: text, count: byteCount), as: UTF8.self)
    }

    func id(of piece: String) -> Int32? {
        var piece = piece
        let id = piece.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { csentencepiece_id(model, $0.baseAddress, $0.count) }
        }
        return id < 0 ? nil : id
    }

    /// What a piece is for.
    func kind(_ id: Int32) -> Kind {
        switch csentencepiece_piece_kind(model, id) {
        case CSENTENCEPIECE_UNKNOWN: .unknown
        case CSENTENCEPIECE_CONTROL: .control
        case CSENTENCEPIECE_BYTE: .byte
        case CSENTENCEPIECE_UNUSED: .unused
        default: .normal
        }
    }

    func encode(_ text: [UInt8], into ids: inout [Int32]) {
        // A text with its spaces written as `▁` gives at most one id a byte.
        let found = [Int32](unsafeUninitializedCapacity: text.count) { target, count in
            let status = text.withUnsafeBytes { bytes in
                csentencepiece_encode(
                    model, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, target.baseAddress,
                    target.count, &count)
            }
            precondition(status == CSENTENCEPIECE_OK, "libsentencepiece gave up on \(text.count) bytes of text")
        }
        ids.append(contentsOf: found)
    }

    /// Refuses models that rewrite text (composing accents, adding a space), which the reference's tokenizer never does.
    private func checkTextIsKept(file: String) throws(TokenizerError) {
        let probe = "▁ﬁ▁▁e\u{301}▁"
        var ids: [Int32] = []
        encode(Array(probe.utf8), into: &ids)
        let kept = PieceText.bytes(of: ids.map { piece($0) ?? "" })
        guard kept == Array(probe.utf8) else {
            throw .unsupported(
                file: file, place: "its normalization", found: "one that rewrites text", expected: "models that keep it"
            )
        }
    }
}
