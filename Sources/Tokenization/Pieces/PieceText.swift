/// The way from pieces back to text.
enum PieceText {
    /// The byte that a piece of the form `<0x41>` stands for.
    static func byte(of piece: String) -> UInt8? {
        let text = Array(piece.utf8)
        guard text.count == 6, text.starts(with: Array("<0x".utf8)), text[5] == UInt8(ascii: ">") else { return nil }
        return UInt8(String(decoding: text[3..<5], as: UTF8.self), radix: 16)
    }

    /// The bytes that pieces stand for, one after the other.
    static func bytes(of pieces: [String]) -> [UInt8] {
        pieces.flatMap { piece in byte(of: piece).map { [$0] } ?? Array(piece.utf8) }
    }

    /// The text that pieces stand for: `▁` is a space, and a run of byte pieces is a text if it is UTF-8, otherwise
    /// a replacement character for each byte.
    static func joined(_ pieces: [String]) -> String {
        var text = ""
        var bytes: [UInt8] = []
        func endRun() {
            guard !bytes.isEmpty else { return }
            text += String(validating: bytes, as: UTF8.self) ?? String(repeating: "\u{FFFD}", count: bytes.count)
            bytes = []
        }
        for piece in pieces {
            if let byte = byte(of: piece) {
                bytes.append(byte)
            } else {
                endRun()
                text.unicodeScalars.append(contentsOf: piece.unicodeScalars.map { $0 == "▁" ? " " : $0 })
            }
        }
        endRun()
        return text
    }
}
