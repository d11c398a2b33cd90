/// Why a text is not the JSON it should be, and where.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// What is wrong at the place.
    package enum Problem: Sendable, Equatable {
        case unexpected(found: String, expected: String)
        case endOfText(expected: String)
        case trailingText(found: String)
        case duplicateKey(String)
        case controlCharacter(UInt8)
        case invalidUTF8
        case invalidEscape(String)
        case loneSurrogate(String)
        case numberTooLarge(String)
        case tooDeep(limit: Int)
    }

    /// The file, or whatever the caller called the text.
    package let name: String
    /// The line, from 1.
    package let line: Int
    /// The column in bytes, from 1.
    package let column: Int
    /// What is wrong there.
    package let problem: Problem

    package var description: String { "\(name):\(line):\(column): \(problem)" }
}

extension JSONError.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unexpected(let found, let expected): "found \(found) where JSON needs \(expected)"
        case .endOfText(let expected): "the text ends where JSON needs \(expected); the file may be cut short"
        case .trailingText(let found): "found \(found) after the JSON value; a file holds one value"
        case .duplicateKey(let key): "the key \"\(key)\" occurs twice in one object; remove one of them"
        case .controlCharacter(let byte):
            "a string holds the control character \(byte); write it as an escape such as \\n or \\t"
        case .invalidUTF8: "a string holds bytes that are not UTF-8; save the text as UTF-8"
        case .invalidEscape(let text): "\"\(text)\" is not an escape that JSON knows"
        case .loneSurrogate(let text): "\"\(text)\" is half of a surrogate pair; the other half is missing"
        case .numberTooLarge(let text): "the number \(text) is too large for a double"
        case .tooDeep(let limit): "values are nested more than \(limit) deep"
        }
    }
}
