extension JSONScanner {
    /// Reads a string in quotes.
    mutating func string() throws(JSONError) -> String {
        guard peek() == UInt8(ascii: "\"") else { throw unexpected(expected: "a string in double quotes") }
        position += 1
        let start = position
        skipPlainBytes()
        if peek() == UInt8(ascii: "\"") {
            let text = try text(start..<position)
            position += 1
            return text
        }
        return try stringWithEscapes(from: start)
    }

    /// Passes over bytes that stand for themselves inside a string.
    private mutating func skipPlainBytes() {
        while position < bytes.count {
            let byte = bytes[position]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
            position += 1
        }
    }

    private func text(_ range: Range<Int>) throws(JSONError) -> String {
        guard let text = String(validating: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self) else {
            throw error(.invalidUTF8, at: range.lowerBound)
        }
        return text
    }

    private mutating func stringWithEscapes(from start: Int) throws(JSONError) -> String {
        var result = try text(start..<position)
        while true {
            switch peek() {
            case UInt8(ascii: "\""):
                position += 1
                return result
            case UInt8(ascii: "\\"):
                result.unicodeScalars.append(try escape())
            case let byte? where byte < 0x20:
                throw error(.controlCharacter(byte))
            case nil:
                throw error(.endOfText(expected: "the end of a string"))
            default:
                let start = position
                skipPlainBytes()
                result += try text(start..<position)
            }
        }
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = position
        position += 1
        guard let letter = peek() else { throw error(.endOfText(expected: "an escape")) }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape(from: start)
        default: throw error(.invalidEscape(excerpt(from: start)), at: start)
        }
    }

    /// Reads the four digits after `\u`, and the second half of a surrogate pair where the first half asks for it.
    private mutating func unicodeEscape(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let unit = try hexDigits(from: start)
        if let scalar = Unicode.Scalar(UInt32(unit)) { return scalar }
        guard UTF16.isLeadSurrogate(unit), take(word: "\\u") else {
            throw error(.loneSurrogate(excerpt(from: start)), at: start)
        }
        let second = try hexDigits(from: start)
        guard UTF16.isTrailSurrogate(second) else { throw error(.loneSurrogate(excerpt(from: start)), at: start) }
        return UTF16.decode(UTF16.EncodedScalar([unit, second]))
    }

    private mutating func hexDigits(from start: Int) throws(JSONError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
                throw error(.invalidEscape(excerpt(from: start)), at: start)
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }

    /// The text from a place to where reading stopped.
    private func excerpt(from start: Int) -> String {
        String(decoding: bytes[start..<position], as: UTF8.self)
    }
}
