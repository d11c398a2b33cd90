/// Finds added tokens in a text: the leftmost first, and of those that start together the longest.
struct AddedTokenSplitter: Sendable {
    /// A part of a text: an added token, or what lies between two.
    enum Part: Equatable {
        case token(Int32)
        case text(Range<Int>)
    }

    private var trie = ByteTrie()
    private var tokens: [AddedToken] = []

    /// Prepares to find tokens by a text for each (which for a normalized token is not its content).
    init(_ tokens: [(text: String, token: AddedToken)]) {
        for (text, token) in tokens where !text.isEmpty {
            trie.insert(Array(text.utf8), value: self.tokens.count)
            self.tokens.append(token)
        }
    }

    /// Cuts a range of a text into tokens and the text between them, in order.
    func parts(of text: [UInt8], in range: Range<Int>) -> [Part] {
        guard !tokens.isEmpty else { return range.isEmpty ? [] : [.text(range)] }
        var parts: [Part] = []
        var done = range.lowerBound
        var position = range.lowerBound
        while position < range.upperBound {
            guard let match = trie.longestMatch(in: text, from: position, to: range.upperBound) else {
                position += 1
                continue
            }
            let token = tokens[match.value]
            let found = position..<match.end
            position = match.end
            if token.isSingleWord && Self.touchesWord(found, text, range) { continue }
            let taken = Self.widened(found, by: token, text, range, done: done)
            if done < taken.lowerBound { parts.append(.text(done..<taken.lowerBound)) }
            parts.append(.token(token.id))
            done = taken.upperBound
        }
        if done < range.upperBound { parts.append(.text(done..<range.upperBound)) }
        return parts
    }

    private static func touchesWord(_ found: Range<Int>, _ text: [UInt8], _ range: Range<Int>) -> Bool {
        let before = text.scalar(endingAt: found.lowerBound, notBefore: range.lowerBound)
        let after = text.scalar(startingAt: found.upperBound, notAfter: range.upperBound)
        return before?.isWordCharacter == true || after?.isWordCharacter == true
    }

    /// Widens a match by the white space that its token takes, though not into what is done.
    private static func widened(
        _ found: Range<Int>, by token: AddedToken, _ text: [UInt8], _ range: Range<Int>, done: Int
    ) -> Range<Int> {
        var (lower, upper) = (found.lowerBound, found.upperBound)
        if token.takesSpaceBefore {
            while lower > done, let scalar = text.scalar(endingAt: lower, notBefore: done), scalar.isWhiteSpace {
                lower -= UTF8.width(scalar)
            }
        }
        if token.takesSpaceAfter {
            while let scalar = text.scalar(startingAt: upper, notAfter: range.upperBound), scalar.isWhiteSpace {
                upper += UTF8.width(scalar)
            }
        }
        return lower..<upper
    }
}

extension Unicode.Scalar {
    /// Whether it is white space by Unicode's property.
    fileprivate var isWhiteSpace: Bool { properties.isWhitespace }

    /// Whether it is what `\w` matches by Unicode's annex 18: letters, marks, decimal digits, connectors, joiners.
    fileprivate var isWordCharacter: Bool {
        if properties.isAlphabetic || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }
}

extension [UInt8] {
    /// The character of valid UTF-8 that starts at an index.
    fileprivate func scalar(startingAt start: Int, notAfter end: Int) -> Unicode.Scalar? {
        guard start < end else { return nil }
        var iterator = self[start..<end].makeIterator()
        var decoder = UTF8()
        if case .scalarValue(let scalar) = decoder.decode(&iterator) { return scalar }
        return nil
    }

    /// The character of valid UTF-8 that ends before an index.
    fileprivate func scalar(endingAt end: Int, notBefore start: Int) -> Unicode.Scalar? {
        var first = end - 1
        while first > start, self[first] & 0xC0 == 0x80 { first -= 1 }
        return first >= start ? scalar(startingAt: first, notAfter: end) : nil
    }
}

extension UTF8 {
    /// The number of bytes that a character takes.
    fileprivate static func width(_ scalar: Unicode.Scalar) -> Int { UTF8.encode(scalar)?.count ?? 0 }
}
