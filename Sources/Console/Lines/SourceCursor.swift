/// A walk over a cell's characters that knows its line and column.
struct SourceCursor {
    /// The text's characters; a CRLF counts as one newline.
    let characters: [Character]
    /// The next character to read.
    private(set) var index = 0
    private(set) var line = 1
    private(set) var column = 1

    init(_ text: String) {
        characters = text.map { $0 == "\r\n" ? "\n" : $0 }
    }

    /// Whether everything is read.
    var isAtEnd: Bool { index >= characters.count }

    /// The next character, not yet taken.
    var next: Character? { index < characters.count ? characters[index] : nil }

    /// The character `distance` after the next one.
    func peek(_ distance: Int) -> Character? {
        index + distance < characters.count ? characters[index + distance] : nil
    }

    /// Takes one character.
    @discardableResult
    mutating func advance() -> Character? {
        guard let character = next else { return nil }
        index += 1
        if character == "\n" {
            line += 1
            column = 1
        } else {
            column += 1
        }
        return character
    }

    /// Takes characters while they satisfy a test and returns them.
    mutating func take(while matches: (Character) -> Bool) -> String {
        var taken = ""
        while let character = next, matches(character) {
            taken.append(character)
            advance()
        }
        return taken
    }

    /// What was taken since an earlier cursor.
    func text(since start: SourceCursor) -> String { String(characters[start.index..<index]) }

    /// The place of the next character.
    var position: SourcePosition { SourcePosition(line: line, column: column) }

    /// The place from an earlier cursor to here; over several lines it covers the first character only.
    func position(since start: SourceCursor) -> SourcePosition {
        let length = line == start.line ? max(1, column - start.column) : 1
        return SourcePosition(line: start.line, column: start.column, length: length)
    }
}

extension Character {
    /// A space or a tab.
    var isBlank: Bool { self == " " || self == "\t" }
    /// May begin a variable's name.
    var beginsName: Bool { self == "_" || isLetter }
    /// May continue a variable's name.
    var continuesName: Bool { self == "_" || isLetter || isNumber }
}
