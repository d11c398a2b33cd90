/// The parts of a PNG file, without decoding its pixels.
///
/// - Source: PNG (third edition), sections 5.2 to 5.4.
enum PNGChunks {
    /// Parts that say something besides pixels, colors and size: texts, times, EXIF, and whatever stands behind the end.
    static func metadata(of bytes: [UInt8]) -> [(kind: String, content: ArraySlice<UInt8>)] {
        guard bytes.starts(with: signature) else { return [] }
        var found: [(kind: String, content: ArraySlice<UInt8>)] = []
        var place = signature.count
        while place + 12 <= bytes.count {
            let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - place - 12 else { return found + [("rest", bytes[place...])] }
            let kind = String(decoding: bytes[place + 4..<place + 8], as: UTF8.self)
            if !pictureKinds.contains(kind) { found.append((kind, bytes[place + 8..<place + 8 + length])) }
            place += length + 12
            if kind == "IEND" { break }
        }
        if place < bytes.count { found.append(("rest", bytes[place...])) }
        return found
    }

    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// What shows a picture.
    private static let pictureKinds: Set = [
        "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "cHRM", "gAMA", "sBIT", "sRGB", "bKGD", "pHYs",
    ]
}
