/// Why a cell failed, in words for the person who typed it.
package struct Failure: Error, Sendable, Equatable {
    /// The place in the cell that is at fault.
    package struct Caret: Sendable, Equatable {
        /// The line's text.
        package var line: String
        /// The place.
        package var position: SourcePosition

        /// Makes a caret.
        package init(line: String, position: SourcePosition) {
            self.line = line
            self.position = position
        }
    }

    /// The kind of failure, stable across versions: `ImageError`, `UnknownOption`.
    package var code: String
    /// One sentence: what was found, what was expected, what to do.
    package var message: Text
    /// The place in the cell, where known.
    package var caret: Caret?
    /// Near names: "did you mean".
    package var suggestions: [String]
    /// A command that helps.
    package var next: String?

    /// Makes a failure.
    package init(
        code: String, message: Text, caret: Caret? = nil, suggestions: [String] = [], next: String? = nil
    ) {
        self.code = code
        self.message = message
        self.caret = caret
        self.suggestions = suggestions
        self.next = next
    }
}

/// An error that knows more than its sentence: near names, or a command that helps.
package protocol FailureConvertible: Error {
    /// The error as a failure, without a caret.
    var failure: Failure { get }
}

extension Failure {
    /// Any error as a failure: its own words, or its description with its type's name as the code.
    package init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let convertible as any FailureConvertible: self = convertible.failure
        default: self.init(code: String(describing: type(of: error)), message: Text(String(describing: error)))
        }
    }
}

extension CommandLineError: FailureConvertible {
    package var failure: Failure {
        let next = command.map { "help \($0)" } ?? "help"
        return Failure(code: code, message: Text(description), suggestions: suggestions, next: next)
    }
}

extension LineError: FailureConvertible {
    package var failure: Failure {
        var suggestions: [String] = []
        if case .unknownVariable(_, let near) = reason { suggestions = near.map { "$" + $0 } }
        return Failure(code: "LineError", message: Text(description), suggestions: suggestions)
    }
}
