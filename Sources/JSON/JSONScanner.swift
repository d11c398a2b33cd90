/// A place in the bytes of a JSON text, and the steps that read its tokens.
struct JSONScanner {
    /// The whole text, which the caller keeps alive.
    let bytes: UnsafeBufferPointer<UInt8>
    /// What errors call the text.
    let name: String
    /// The index of the next byte to read.
    var position = 0

    /// Starts before the first byte.
    init(bytes: UnsafeBufferPointer<UInt8>, name: String) {
        self.bytes = bytes
        self.name = name
    }

    /// The next byte, or nil at the end.
    func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    /// Passes over the mark that some editors put at the start of a file.
    mutating func skipByteOrderMark() {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// Passes over spaces, tabs and line ends.
    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Takes the byte if it comes next, spaces before it allowed.
    mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    /// Takes the word if it comes next.
    mutating func take(word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count else { return false }
        for offset in 0..<length where bytes[position + offset] != word.utf8Start[offset] { return false }
        position += length
        return true
    }
}

// MARK: - Numbers

extension JSONScanner {
    /// Reads a number, whole ones exactly where 64 bits hold them.
    mutating func number() throws(JSONError) -> JSON {
        let start = position
        let negative = peek() == UInt8(ascii: "-")
        if negative { position += 1 }
        if negative, take(word: "Infinity") { return .number(-.infinity) }
        let leadingZero = peek() == UInt8(ascii: "0")
        let wholeDigits = try digits()
        guard !leadingZero || wholeDigits == 1 else {
            throw error(.unexpected(found: "a number that starts with 0", expected: "no leading zeros"), at: start)
        }
        var isWhole = true
        if peek() == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            _ = try digits()
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            isWhole = false
            position += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
            _ = try digits()
        }
        return try number(from: start, isWhole: isWhole)
    }

    private func number(from start: Int, isWhole: Bool) throws(JSONError) -> JSON {
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let integer = Int64(text) { return .integer(integer) }
        guard let value = Double(text), value.isFinite else { throw error(.numberTooLarge(text), at: start) }
        return .number(value)
    }

    /// Passes over one digit or more, and says how many.
    private mutating func digits() throws(JSONError) -> Int {
        let start = position
        while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        guard position > start else { throw unexpected(expected: "a digit") }
        return position - start
    }
}

// MARK: - Errors

extension JSONScanner {
    /// The error for a problem at a place, by default the next byte.
    func error(_ problem: JSONError.Problem, at place: Int? = nil) -> JSONError {
        let before = bytes[..<min(place ?? position, bytes.count)]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = before.reduce(1) { count, byte in byte == UInt8(ascii: "\n") ? count + 1 : count }
        return JSONError(name: name, line: line, column: before.count - lineStart + 1, problem: problem)
    }

    /// The error for a byte, or an end, that is not what the grammar asks for.
    func unexpected(expected: String) -> JSONError {
        error(peek() == nil ? .endOfText(expected: expected) : .unexpected(found: describeByte(), expected: expected))
    }

    /// The next byte in words that can be shown.
    func describeByte() -> String {
        guard let byte = peek() else { return "the end" }
        return (0x21...0x7E).contains(byte)
            ? "\"\(Character(UnicodeScalar(byte)))\"" : "the byte 0x\(String(byte, radix: 16, uppercase: true))"
    }
}
