/// A cell's text that cannot be read, before any command is looked up.
package struct LineError: Error, Sendable, Equatable {
    /// What is wrong.
    package enum Reason: Sendable, Equatable {
        /// A quote is opened and never closed.
        case unclosedQuote(Character)
        /// A bracket is opened and never closed.
        case unclosedBracket(Character)
        /// A `\` ends the last line, so that the line should go on.
        case endsInContinuation
        /// The right side of `name =` is no literal.
        case notALiteral(found: String)
        /// Something follows a finished literal.
        case textAfterLiteral(found: String)
        /// A dictionary key is no string.
        case keyIsNotAString
        /// A number does not fit.
        case numberOutOfRange(String)
        /// `$` names a variable that was never set.
        case unknownVariable(name: String, suggestions: [String])
        /// Brackets are nested too deep.
        case nestedTooDeep
    }

    /// What is wrong.
    package var reason: Reason
    /// Where in the cell.
    package var position: SourcePosition

    /// Makes an error at a place.
    package init(_ reason: Reason, at position: SourcePosition) {
        self.reason = reason
        self.position = position
    }

    /// Whether more lines could still make the text whole: the shell then asks for another line.
    package var isUnfinished: Bool {
        switch reason {
        case .unclosedQuote, .unclosedBracket, .endsInContinuation: true
        default: false
        }
    }
}

extension LineError: CustomStringConvertible {
    /// One sentence: what was found and what to do.
    package var description: String {
        switch reason {
        case .unclosedQuote(let quote): "the quote \(quote) is never closed; close it or write \\\(quote)"
        case .unclosedBracket(let bracket): "the bracket \(bracket) is never closed"
        case .endsInContinuation: "the last line ends in \\ but no line follows"
        case .notALiteral(let found):
            "\(found.isEmpty ? "nothing" : "\"\(found)\"") is no literal; write a number, a quoted string, True, False,"
                + " None, a list or a dictionary"
        case .textAfterLiteral(let found): "\"\(found)\" follows a finished value; quote the whole value or remove it"
        case .keyIsNotAString: "a dictionary's keys are quoted strings here"
        case .numberOutOfRange(let text): "the number \(text) is too large"
        case .unknownVariable(let name, _): "no variable is called \(name); set it with \(name) = VALUE"
        case .nestedTooDeep: "the value is nested more than \(LiteralReader.greatestDepth) brackets deep"
        }
    }
}

/// A place in a cell's text.
package struct SourcePosition: Sendable, Equatable {
    /// The line, counted from 1.
    package var line: Int
    /// The column in characters, counted from 1.
    package var column: Int
    /// How many characters it covers, at least 1.
    package var length: Int

    /// Makes a position.
    package init(line: Int, column: Int, length: Int = 1) {
        self.line = line
        self.column = column
        self.length = length
    }
}
