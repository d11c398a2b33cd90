/// The EXIF orientation, 1 to 8, that a file states; 1 (upright) where it states none or nonsense.
///
/// EXIF counts first; without it an orientation in XMP text counts, as in Pillow.
func storedOrientation(in bytes: UnsafeRawBufferPointer, format: ImageFormat) -> Int {
    let metadata = format == .jpeg ? Metadata(jpeg: bytes) : Metadata(png: bytes)
    let orientation = tiffOrientation(in: metadata.exif) ?? xmpOrientation(in: metadata.xmp) ?? 1
    return (1...8).contains(orientation) ? orientation : 1
}

/// The parts of a file that may state an orientation.
private struct Metadata {
    var exif: [UInt8] = []
    var xmp: [UInt8] = []

    /// Walks the segments before the first scan.
    init(jpeg bytes: UnsafeRawBufferPointer) {
        let reader = ByteReader(bytes: Array(bytes), bigEndian: true)
        let (exifMark, xmpMark) = (Array("Exif\0\0".utf8), Array("http://ns.adobe.com/xap/1.0/\0".utf8))
        var at = 2
        while let first = reader.byte(at), let marker = reader.byte(at + 1) {
            if first != 0xff || marker == 0xff || marker == 0 {
                at += 1
                continue
            }
            if marker == 0xda || marker == 0xd9 { return }
            if marker == 0x01 || (0xd0...0xd8).contains(marker) {
                at += 2
                continue
            }
            guard let length = reader.word(at + 2), length >= 2, at + 2 + length <= reader.bytes.count else { return }
            let payload = reader.bytes[at + 4..<at + 2 + length]
            if marker == 0xe1, payload.starts(with: exifMark) { exif += payload.dropFirst(exifMark.count) }
            if marker == 0xe1, payload.starts(with: xmpMark) { xmp = Array(payload.dropFirst(xmpMark.count)) }
            at += 2 + length
        }
    }

    /// Walks all chunks: `eXIf` and text may follow the pixels.
    init(png bytes: UnsafeRawBufferPointer) {
        let reader = ByteReader(bytes: Array(bytes), bigEndian: true)
        let (exifMark, xmpMark) = (Array("Exif\0\0".utf8), Array("XML:com.adobe.xmp\0\0".utf8))
        var at = 8
        while let length = reader.longWord(at), at + 12 + length <= reader.bytes.count {
            let kind = reader.bytes[at + 4..<at + 8]
            let payload = reader.bytes[at + 8..<at + 8 + length]
            if kind.elementsEqual("eXIf".utf8) {
                exif = Array(payload.starts(with: exifMark) ? payload.dropFirst(exifMark.count) : payload)
            }
            if kind.elementsEqual("iTXt".utf8), payload.starts(with: xmpMark) { xmp = Array(payload) }
            at += 12 + length
        }
    }
}

/// Looks tag 0x0112 up in the first directory of a TIFF structure.
private func tiffOrientation(in bytes: [UInt8]) -> Int? {
    let isLittle = bytes.starts(with: Array("II".utf8))
    guard isLittle || bytes.starts(with: Array("MM".utf8)) else { return nil }
    let reader = ByteReader(bytes: bytes, bigEndian: !isLittle)
    guard reader.word(2) == 42, let directory = reader.longWord(4), let entryCount = reader.word(directory) else {
        return nil
    }
    for entry in 0..<entryCount {
        let at = directory + 2 + 12 * entry
        guard let tag = reader.word(at), let kind = reader.word(at + 2), let count = reader.longWord(at + 4) else {
            return nil
        }
        guard tag == 0x0112, count == 1 else { continue }
        // Type 3 is a 16-bit number, type 4 a 32-bit one.
        return kind == 3 ? reader.word(at + 8) : kind == 4 ? reader.longWord(at + 8) : nil
    }
    return nil
}

/// Finds `tiff:Orientation="6"` or `<tiff:Orientation>6` in XMP text.
private func xmpOrientation(in bytes: [UInt8]) -> Int? {
    let text = String(decoding: bytes, as: UTF8.self)
    for match in text.matches(of: /tiff:Orientation(?:="|>)([0-9])/) { return Int(match.1) }
    return nil
}

/// Numbers at offsets, nil outside the bytes.
private struct ByteReader {
    let bytes: [UInt8]
    let bigEndian: Bool

    func byte(_ at: Int) -> Int? {
        bytes.indices.contains(at) ? Int(bytes[at]) : nil
    }

    func word(_ at: Int) -> Int? { number(at, length: 2) }

    func longWord(_ at: Int) -> Int? { number(at, length: 4) }

    private func number(_ at: Int, length: Int) -> Int? {
        guard at >= 0, at <= bytes.count - length else { return nil }
        let digits = bytes[at..<at + length]
        return bigEndian
            ? digits.reduce(0) { $0 << 8 | Int($1) } : digits.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
