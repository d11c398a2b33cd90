/// Searches in texts by their bytes: session files are long, and walking over characters takes many times as long.
extension StringProtocol {
    /// Where another text first stands.
    func firstByteRange(of text: String) -> Range<Index>? {
        let wanted = text.utf8
        guard let first = wanted.first else { return nil }
        var start = utf8.startIndex
        while let found = utf8[start...].firstIndex(of: first) {
            if utf8[found...].starts(with: wanted) {
                return found..<utf8.index(found, offsetBy: wanted.count)
            }
            start = utf8.index(after: found)
        }
        return nil
    }

    /// The pieces between blanks; none is empty.
    var words: [SubSequence] {
        var words: [SubSequence] = []
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
            while start < bytes.count {
                let rest = bytes[start...]
                let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
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

extension UInt8 {
    /// A space, a tab, or what ends lines.
    var isBlankByte: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }

    /// A digit of base 16.
    var isHexDigitByte: Bool { (self >= 0x30 && self <= 0x39) || (self | 0x20 >= 0x61 && self | 0x20 <= 0x66) }
}
