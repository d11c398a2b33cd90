/// Reads one Python literal from a cursor.
struct LiteralReader {
    /// Brackets may nest this deep, so that a hostile cell cannot exhaust the stack.
    static let greatestDepth = 64

    var cursor: SourceCursor
    private var openBrackets: [(bracket: Character, position: SourcePosition)] = []

    init(_ cursor: SourceCursor) {
        self.cursor = cursor
    }

    /// Reads the literal at the cursor and leaves the cursor behind it.
    mutating func read() throws(LineError) -> Literal {
        skipBlank()
        guard let character = cursor.next else { throw notALiteral(from: cursor) }
        switch character {
        case "[": return .list(try readItems(closedBy: "]"))
        case "(": return .list(try readItems(closedBy: ")"))
        case "{": return .dictionary(try readEntries())
        case "\"", "'": return .string(try readString())
        default: return try readWord()
        }
    }
}

extension LiteralReader {
    /// Skips blanks; inside brackets also newlines and comments.
    private mutating func skipBlank() {
        while let character = cursor.next {
            if character.isBlank || (character == "\n" && !openBrackets.isEmpty) {
                cursor.advance()
            } else if character == "#", !openBrackets.isEmpty {
                _ = cursor.take { $0 != "\n" }
            } else if character == "\\", cursor.peek(1) == "\n" {
                cursor.advance()
                cursor.advance()
            } else {
                return
            }
        }
    }

    private mutating func open() throws(LineError) {
        guard let bracket = cursor.next else { return }
        guard openBrackets.count < Self.greatestDepth else { throw LineError(.nestedTooDeep, at: cursor.position) }
        openBrackets.append((bracket, cursor.position))
        cursor.advance()
        skipBlank()
    }

    /// Takes a closing bracket if it is next; throws at the end of the text.
    private mutating func close(with bracket: Character) throws(LineError) -> Bool {
        skipBlank()
        if cursor.next == bracket {
            openBrackets.removeLast()
            cursor.advance()
            return true
        }
        if cursor.isAtEnd, let opened = openBrackets.last {
            throw LineError(.unclosedBracket(opened.bracket), at: opened.position)
        }
        return false
    }

    /// Between two items there must be a comma.
    private mutating func readSeparator(before bracket: Character) throws(LineError) {
        skipBlank()
        if cursor.next == "," {
            cursor.advance()
        } else if cursor.next != bracket, !cursor.isAtEnd {
            throw notALiteral(from: cursor)
        }
    }

    private mutating func readItems(closedBy bracket: Character) throws(LineError) -> [Literal] {
        try open()
        var items: [Literal] = []
        while !(try close(with: bracket)) {
            items.append(try read())
            try readSeparator(before: bracket)
        }
        return items
    }

    private mutating func readEntries() throws(LineError) -> [Literal.Entry] {
        try open()
        var entries: [Literal.Entry] = []
        while !(try close(with: "}")) {
            let start = cursor.position
            guard case .string(let key) = try read() else { throw LineError(.keyIsNotAString, at: start) }
            skipBlank()
            guard cursor.next == ":" else { throw notALiteral(from: cursor) }
            cursor.advance()
            let value = try read()
            entries.removeAll { $0.key == key }
            entries.append(Literal.Entry(key: key, value: value))
            try readSeparator(before: "}")
        }
        return entries
    }

    private mutating func readString() throws(LineError) -> String {
        let start = cursor
        guard let quote = cursor.advance() else { return "" }
        let isTriple = cursor.next == quote && cursor.peek(1) == quote
        if isTriple {
            cursor.advance()
            cursor.advance()
        }
        var text = ""
        while let character = cursor.advance() {
            if character == quote {
                guard isTriple else { return text }
                if cursor.next == quote, cursor.peek(1) == quote {
                    cursor.advance()
                    cursor.advance()
                    return text
                }
                text.append(character)
            } else if character == "\\" {
                text.append(contentsOf: StringEscape.read(&cursor))
            } else {
                text.append(character)
            }
        }
        throw LineError(.unclosedQuote(quote), at: start.position)
    }

    /// Reads `True`, `False`, `None` or a number.
    private mutating func readWord() throws(LineError) -> Literal {
        let start = cursor
        let word = cursor.take { !$0.isWhitespace && !",]}):#".contains($0) }
        switch word {
        case "True", "true": return .boolean(true)
        case "False", "false": return .boolean(false)
        case "None": return .none
        default: break
        }
        let digits = word.replacing("_", with: "")
        let isNumberLike = digits.first.map { $0.isNumber || "+-.".contains($0) } ?? false
        guard isNumberLike else { throw notALiteral(from: start) }
        if let integer = Int(digits) { return .integer(integer) }
        guard let number = Double(digits) else { throw notALiteral(from: start) }
        guard number.isFinite else { throw LineError(.numberOutOfRange(word), at: cursor.position(since: start)) }
        return .number(number)
    }

    private func notALiteral(from start: SourceCursor) -> LineError {
        var end = start
        let found = end.take { !$0.isWhitespace }
        return LineError(.notALiteral(found: found), at: end.position(since: start))
    }
}

/// Backslash escapes of quoted strings, as in Python.
enum StringEscape {
    /// Reads what follows a backslash; an unknown escape keeps its backslash.
    static func read(_ cursor: inout SourceCursor) -> String {
        guard let character = cursor.advance() else { return "\\" }
        switch character {
        case "n": return "\n"
        case "t": return "\t"
        case "r": return "\r"
        case "0": return "\0"
        case "\\", "'", "\"", "$", "`": return String(character)
        case "\n": return ""
        case "u", "x": return readScalar(&cursor, marker: character, digitCount: character == "u" ? 4 : 2)
        default: return "\\" + String(character)
        }
    }

    private static func readScalar(_ cursor: inout SourceCursor, marker: Character, digitCount: Int) -> String {
        var ahead = cursor
        var digits = ""
        while digits.count < digitCount, let digit = ahead.next, digit.isHexDigit {
            digits.append(digit)
            ahead.advance()
        }
        guard digits.count == digitCount, let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) else {
            return "\\" + String(marker)
        }
        cursor = ahead
        return String(scalar)
    }
}
