import Glibc

/// A line cut into words, numbers, blanks and masks.
struct LineTokens: Equatable {
    /// A piece of a line.
    enum Token: Equatable {
        /// One letter or mark, or a digit inside a word: masks may begin and end inside words.
        case text(String)
        /// Blanks.
        case blank(String)
        /// A whole number, compared exactly.
        case integer(String)
        /// A number with a point or an exponent.
        case number(String)
        /// A mask, with its text.
        case mask(Mask, String)

        /// The piece as written.
        var text: String {
            switch self {
            case .text(let text), .blank(let text), .integer(let text), .number(let text), .mask(_, let text): text
            }
        }

        /// The value of a number, whole or not.
        var value: Double? {
            switch self {
            case .integer(let text), .number(let text): LineTokens.number(text)
            case .text, .blank, .mask: nil
            }
        }
    }

    private(set) var tokens: [Token] = []

    /// Cuts a line; what begins like a mask and is none stays an ordinary text.
    init(_ line: String) {
        let bytes = Array(line.utf8)
        var index = 0
        while index < bytes.count {
            let end: Int
            if let (mask, after) = Self.mask(in: bytes, at: index) {
                tokens.append(.mask(mask, Self.string(bytes[index..<after])))
                end = after
            } else if Self.isBlank(bytes[index]) {
                end = bytes[index...].firstIndex { !Self.isBlank($0) } ?? bytes.count
                tokens.append(.blank(Self.string(bytes[index..<end])))
            } else if let after = Self.endOfNumber(in: bytes, at: index) {
                let text = Self.string(bytes[index..<after])
                tokens.append(text.utf8.allSatisfy { $0 != 0x2E && $0 | 0x20 != 0x65 } ? .integer(text) : .number(text))
                end = after
            } else {
                end = Self.endOfText(in: bytes, at: index)
                tokens.append(.text(Self.string(bytes[index..<end])))
            }
            index = end
        }
    }

    /// The problem of a mask in a line, if one begins like a mask and is none.
    static func maskProblem(in line: String) -> SessionFileError.Problem? {
        guard let first = line.firstByteRange(of: "[[num") else { return nil }
        var rest = line[first.lowerBound...]
        while let start = rest.firstByteRange(of: "[[") {
            rest = rest[start.upperBound...]
            guard rest.utf8.starts(with: "num".utf8), let end = rest.firstByteRange(of: "]]") else { continue }
            let inside = String(rest[..<end.lowerBound])
            do {
                _ = try Mask(inside)
            } catch {
                return .badMask("[[\(inside)]]", reason: error.reason)
            }
        }
        return nil
    }

    /// The value of a text that is a number and nothing else; `nan` and `inf` too.
    static func number(_ text: String) -> Double? {
        switch text {
        case "nan": return .nan
        case "inf": return .infinity
        case "-inf": return -.infinity
        default:
            guard let first = text.utf8.first, first == 0x2B || first == 0x2D || first == 0x2E || isDigit(first) else {
                return nil
            }
            return Double(text)
        }
    }
}

extension LineTokens {
    private static func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// Letters, digits, underscores and everything beyond ASCII belong to words.
    private static func isWord(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == 0x5F || byte >= 0x80 || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
    }

    private static func mask(in bytes: [UInt8], at start: Int) -> (Mask, Int)? {
        guard start + 4 < bytes.count, bytes[start] == 0x5B, bytes[start + 1] == 0x5B else { return nil }
        guard start == 0 || bytes[start - 1] != UInt8(ascii: "\\") else { return nil }
        var end = start + 2
        while end + 1 < bytes.count, !(bytes[end] == 0x5D && bytes[end + 1] == 0x5D) { end += 1 }
        guard end + 1 < bytes.count, let mask = try? Mask(string(bytes[start + 2..<end])) else { return nil }
        return (mask, end + 2)
    }

    /// The end of a number that stands by itself: `0.5` in `0.5%`, but nothing in `v1.2.3`, `448x448` or `<loc0123>`.
    private static func endOfNumber(in bytes: [UInt8], at start: Int) -> Int? {
        if start > 0 {
            let before = bytes[start - 1]
            if isWord(before) || before == 0x2E || before == UInt8(ascii: "\\") { return nil }
        }
        var index = start
        if bytes[index] == 0x2B || bytes[index] == 0x2D { index += 1 }
        let digits = index
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
        guard index > digits else { return nil }
        if index + 1 < bytes.count, bytes[index] == 0x2E, isDigit(bytes[index + 1]) {
            index += 1
            while index < bytes.count, isDigit(bytes[index]) { index += 1 }
        }
        if index < bytes.count, bytes[index] | 0x20 == 0x65 {
            var exponent = index + 1
            if exponent < bytes.count, bytes[exponent] == 0x2B || bytes[exponent] == 0x2D { exponent += 1 }
            let first = exponent
            while exponent < bytes.count, isDigit(bytes[exponent]) { exponent += 1 }
            if exponent > first { index = exponent }
        }
        if index < bytes.count {
            if isWord(bytes[index]) { return nil }
            if bytes[index] == 0x2E, index + 1 < bytes.count, isDigit(bytes[index + 1]) { return nil }
        }
        return index
    }

    /// The end of one scalar.
    private static func endOfText(in bytes: [UInt8], at start: Int) -> Int {
        var index = start + 1
        while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
        return index
    }
}
