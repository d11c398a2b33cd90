/// One statement of a cell: a command, or a variable being set.
package struct Statement: Sendable, Equatable {
    /// What the statement does.
    package enum Kind: Sendable, Equatable {
        /// `name = literal`.
        case assignment(name: String, value: Literal)
        /// A command with its words.
        case command([Word])
    }

    /// What it does.
    package var kind: Kind
    /// Where it begins.
    package var position: SourcePosition
}

/// Reads a cell's text into statements.
///
/// `#` begins a comment at the start of a word, `name = literal` sets a variable, `$name` or `${name}` reads it,
/// `\` at the end of a line continues it, and quotes work as in a shell: nothing is special in single quotes,
/// `$` and escapes are in double quotes.
package struct StatementReader {
    private var cursor: SourceCursor

    /// All statements of a cell; throws before anything runs if the text cannot be read.
    package static func statements(of source: String) throws(LineError) -> [Statement] {
        var reader = StatementReader(cursor: SourceCursor(source))
        var statements: [Statement] = []
        while let statement = try reader.next() { statements.append(statement) }
        return statements
    }

    /// Whether the text is whole, or a shell should ask for another line.
    package static func isUnfinished(_ source: String) -> Bool {
        do {
            _ = try statements(of: source)
            return false
        } catch {
            return error.isUnfinished
        }
    }
}

extension StatementReader {
    private mutating func next() throws(LineError) -> Statement? {
        while let character = cursor.next {
            if character.isWhitespace {
                cursor.advance()
            } else if character == "#" {
                _ = cursor.take { $0 != "\n" }
            } else if let name = takeAssignedName() {
                return try readAssignment(to: name.text, at: name.position)
            } else {
                let start = cursor.position
                let words = try readWords()
                if !words.isEmpty { return Statement(kind: .command(words), position: start) }
            }
        }
        return nil
    }

    /// Takes `name =` if the line begins so.
    private mutating func takeAssignedName() -> (text: String, position: SourcePosition)? {
        guard let first = cursor.next, first.beginsName else { return nil }
        var ahead = cursor
        let name = ahead.take { $0.continuesName }
        let position = ahead.position(since: cursor)
        _ = ahead.take { $0.isBlank }
        guard ahead.next == "=", ahead.peek(1) != "=" else { return nil }
        ahead.advance()
        cursor = ahead
        return (name, position)
    }

    private mutating func readAssignment(to name: String, at position: SourcePosition) throws(LineError) -> Statement {
        var reader = LiteralReader(cursor)
        let value = try reader.read()
        cursor = reader.cursor
        _ = cursor.take { $0.isBlank }
        if let character = cursor.next, character != "\n", character != "#" {
            let start = cursor
            let found = cursor.take { $0 != "\n" }
            throw LineError(.textAfterLiteral(found: found), at: cursor.position(since: start))
        }
        return Statement(kind: .assignment(name: name, value: value), position: position)
    }

    private mutating func readWords() throws(LineError) -> [Word] {
        var words: [Word] = []
        while let character = cursor.next {
            if character == "\n" { break }
            if character == "\\", cursor.peek(1) == "\n" {
                cursor.advance()
                cursor.advance()
            } else if character == "\\", cursor.peek(1) == nil {
                throw LineError(.endsInContinuation, at: cursor.position)
            } else if character.isBlank {
                cursor.advance()
            } else if character == "#" {
                _ = cursor.take { $0 != "\n" }
            } else {
                words.append(try readWord())
            }
        }
        return words
    }

    private mutating func readWord() throws(LineError) -> Word {
        let start = cursor
        var builder = WordBuilder()
        while let character = cursor.next, !character.isWhitespace {
            switch character {
            case "'", "\"": try readQuoted(into: &builder)
            case "\\":
                if cursor.peek(1) == "\n" { return builder.word(from: start, to: cursor) }
                guard cursor.peek(1) != nil else { throw LineError(.endsInContinuation, at: cursor.position) }
                readEscape(into: &builder)
            case "$": readVariable(into: &builder, isQuoted: false)
            default:
                builder.append(character)
                cursor.advance()
            }
        }
        return builder.word(from: start, to: cursor)
    }

    /// Outside quotes `\` protects blanks, quotes, `$`, `#` and itself; before anything else it is an ordinary character.
    private mutating func readEscape(into builder: inout WordBuilder) {
        cursor.advance()
        guard let character = cursor.next else { return }
        if character.isBlank || "'\"$#\\".contains(character) {
            cursor.advance()
            builder.append(character)
        } else {
            builder.append("\\")
        }
    }

    private mutating func readQuoted(into builder: inout WordBuilder) throws(LineError) {
        let start = cursor.position
        guard let quote = cursor.advance() else { return }
        builder.isQuoted = true
        while let character = cursor.next {
            if character == quote {
                cursor.advance()
                return
            }
            if quote == "\"", character == "\\" {
                cursor.advance()
                for escaped in StringEscape.read(&cursor) { builder.append(escaped) }
            } else if quote == "\"", character == "$" {
                readVariable(into: &builder, isQuoted: true)
            } else {
                builder.append(character)
                cursor.advance()
            }
        }
        throw LineError(.unclosedQuote(quote), at: start)
    }

    /// Reads `$name` or `${name}`; a `$` before anything else is an ordinary character.
    private mutating func readVariable(into builder: inout WordBuilder, isQuoted: Bool) {
        let start = cursor
        var ahead = cursor
        ahead.advance()
        let isBraced = ahead.next == "{"
        if isBraced { ahead.advance() }
        guard let first = ahead.next, first.beginsName else {
            builder.append("$")
            cursor.advance()
            return
        }
        let name = ahead.take { $0.continuesName }
        if isBraced {
            guard ahead.next == "}" else {
                builder.append("$")
                cursor.advance()
                return
            }
            ahead.advance()
        }
        cursor = ahead
        builder.pieces.append(.variable(name: name, position: cursor.position(since: start), isQuoted: isQuoted))
    }
}

/// Collects the pieces of a word.
private struct WordBuilder {
    var pieces: [Word.Piece] = []
    var isQuoted = false

    mutating func append(_ character: Character) {
        if case .text(let text) = pieces.last {
            pieces[pieces.count - 1] = .text(text + String(character))
        } else {
            pieces.append(.text(String(character)))
        }
    }

    func word(from start: SourceCursor, to end: SourceCursor) -> Word {
        Word(
            pieces: pieces.isEmpty ? [.text("")] : pieces, position: end.position(since: start), isQuoted: isQuoted,
            written: end.text(since: start))
    }
}
