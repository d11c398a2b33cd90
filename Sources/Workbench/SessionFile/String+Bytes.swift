import Glibc

/// Searches in texts by their bytes: session files are long, and walking over characters takes many times as long.
extension StringProtocol {
    /// Where another text first stands.
    func firstByteRange(of text: String) -> Range<Index>? {
        guard let offset = firstByteOffset(of: text) else { return nil }
        let start = utf8.index(utf8.startIndex, offsetBy: offset)
        return start..<utf8.index(start, offsetBy: text.utf8.count)
    }

    /// How many bytes stand before another text; nil where it is not there.
    private func firstByteOffset(of text: String) -> Int? {
        var wanted = text
        return wanted.withUTF8 { wanted in
            utf8.withContiguousStorageIfAvailable { offset(of: wanted, in: $0) }
                ?? Array(utf8).withUnsafeBufferPointer { offset(of: wanted, in: $0) }
        }
    }

    /// The pieces between blanks; none is empty.
    var words: [SubSequence] {
        var words: [SubSequence] = []
        words.reserveCapacity(4)
        var start = startIndex
        while let begin = utf8[start...].firstIndex(where: { !$0.isBlankByte }) {
            let end = utf8[begin...].firstIndex(where: \.isBlankByte) ?? endIndex
            words.append(self[begin..<end])
            start = end
        }
        return words
    }

    /// The text without blanks and carriage returns at both ends.
    var trimmed: String {
        var text = Substring(self).utf8
        while let first = text.first, first.isBlankByte { text.removeFirst() }
        while let last = text.last, last.isBlankByte { text.removeLast() }
        return String(Substring(text))
    }
}

extension String {
    /// The lines of a text; a newline at the end makes no line of its own.
    var linesOfText: [String] {
        var text = self
        return text.withUTF8 { bytes in
            var lines: [String] = []
            var start = 0
            while start < bytes.count, let place = bytes.baseAddress?.advanced(by: start) {
                let newline = memchr(place, 0x0A, bytes.count - start)
                let length = newline.map { UnsafeRawPointer(place).distance(to: UnsafeRawPointer($0)) }
                let end = length.map { start + $0 } ?? bytes.count
                lines.append(String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self))
                start = end + 1
            }
            return lines
        }
    }

    /// The line without a carriage return at its end.
    var withoutCarriageReturn: String {
        utf8.last == UInt8(ascii: "\r") ? String(decoding: utf8.dropLast(), as: UTF8.self) : self
    }
}

/// The place of the first bytes that are `wanted`; an empty text is nowhere.
private func offset(of wanted: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let base = bytes.baseAddress, let pattern = wanted.baseAddress, let first = wanted.first else { return nil }
    var start = 0
    while start + wanted.count <= bytes.count {
        guard let found = memchr(base + start, Int32(first), bytes.count - start - wanted.count + 1) else { return nil }
        start = UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
        if memcmp(found, pattern, wanted.count) == 0 { return start }
        start += 1
    }
    return nil
}

extension UInt8 {
    /// A space, a tab, or what ends lines.
    var isBlankByte: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }

    /// A digit of base 16.
    var isHexDigitByte: Bool { (self >= 0x30 && self <= 0x39) || (self | 0x20 >= 0x61 && self | 0x20 <= 0x66) }
}
