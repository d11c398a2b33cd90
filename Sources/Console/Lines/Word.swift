/// One word of a command line as written, before `$name` is looked up.
package struct Word: Sendable, Equatable {
    /// A piece of a word.
    enum Piece: Sendable, Equatable {
        case text(String)
        case variable(name: String, position: SourcePosition, isQuoted: Bool)
    }

    var pieces: [Piece]
    /// Where the word stands in the cell.
    package var position: SourcePosition
    /// Whether any part was quoted: a quoted `--x` is still a word that starts with dashes, a quoted `?` is no help mark.
    package var isQuoted: Bool

    /// The variables that it reads.
    package var variableNames: [String] {
        pieces.compactMap { piece in
            if case .variable(let name, _, _) = piece { name } else { nil }
        }
    }

    /// The words this stands for: one, or as many as the list has when the whole word is an unquoted `$list`.
    package func expanded(with variables: [String: Literal]) throws(LineError) -> [ExpandedWord] {
        if pieces.count == 1, case .variable(let name, let place, false) = pieces[0] {
            return try Self.value(of: name, in: variables, at: place).words.map {
                ExpandedWord(text: $0, position: position, isQuoted: true)
            }
        }
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let part): text += part
            case .variable(let name, let place, _):
                text += try Self.value(of: name, in: variables, at: place).words.joined(separator: ",")
            }
        }
        return [ExpandedWord(text: text, position: position, isQuoted: isQuoted)]
    }

    private static func value(
        of name: String, in variables: [String: Literal], at position: SourcePosition
    ) throws(LineError) -> Literal {
        if let value = variables[name] { return value }
        let suggestions = Suggestions.nearest(to: name, among: variables.keys.sorted())
        throw LineError(.unknownVariable(name: name, suggestions: suggestions), at: position)
    }
}

/// A word ready for a command, with the place it came from.
package struct ExpandedWord: Sendable, Equatable {
    /// The text.
    package var text: String
    /// Where it came from.
    package var position: SourcePosition
    /// Whether it was quoted or came from a variable.
    package var isQuoted: Bool

    /// Makes a word, as the one-shot command line and tests do.
    package init(text: String, position: SourcePosition, isQuoted: Bool = false) {
        self.text = text
        self.position = position
        self.isQuoted = isQuoted
    }
}
