/// A file format that is read and written.
package enum ImageFormat: String, Sendable, CustomStringConvertible {
    /// Lossy photographs, ISO 10918.
    case jpeg = "JPEG"
    /// Lossless pictures, ISO 15948.
    case png = "PNG"

    /// The format's usual name.
    package var description: String { rawValue }

    /// The format that a file's first bytes announce.
    init?(firstBytes bytes: UnsafeRawBufferPointer) {
        if bytes.starts(with: [0xff, 0xd8, 0xff]) {
            self = .jpeg
        } else if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
            self = .png
        } else {
            return nil
        }
    }

    /// The name of a known format other than JPEG and PNG, for a helpful error.
    static func foreignName(firstBytes bytes: UnsafeRawBufferPointer) -> String? {
        let begins = { (text: String, offset: Int) in bytes.dropFirst(offset).starts(with: Array(text.utf8)) }
        if begins("GIF8", 0) { return "a GIF picture" }
        if begins("RIFF", 0), begins("WEBP", 8) { return "a WebP picture" }
        if begins("BM", 0) { return "a BMP picture" }
        if begins("II*\0", 0) || begins("MM\0*", 0) { return "a TIFF picture" }
        if begins("ftyp", 4) { return "a HEIF, AVIF or video file" }
        if begins("<svg", 0) || begins("<?xml", 0) { return "an SVG or XML file" }
        if begins("<!DOCTYPE", 0) || begins("<html", 0) { return "a web page" }
        if begins("{", 0) { return "a JSON file" }
        if begins("%PDF", 0) { return "a PDF file" }
        if begins("PK\u{3}\u{4}", 0) { return "a zip archive" }
        return nil
    }
}
