/// A Python literal: what a line such as `name = [1, 2.5, "x"]` may hold.
package enum Literal: Sendable, Equatable {
    /// Python's `None`.
    case none
    /// `True` or `False`.
    case boolean(Bool)
    /// A whole number.
    case integer(Int)
    /// A floating-point number.
    case number(Double)
    /// A string, escapes already resolved.
    case string(String)
    /// A list or a tuple.
    case list([Literal])
    /// A dictionary with string keys, in the order written.
    case dictionary([Entry])

    /// One key and value of a dictionary.
    package struct Entry: Sendable, Equatable {
        /// The key.
        package var key: String
        /// The value.
        package var value: Literal

        /// Makes an entry.
        package init(key: String, value: Literal) {
            self.key = key
            self.value = value
        }
    }
}

extension Literal: CustomStringConvertible {
    /// The literal as Python would write it.
    package var description: String {
        switch self {
        case .none: "None"
        case .boolean(let value): value ? "True" : "False"
        case .integer(let value): String(value)
        case .number(let value): value.description
        case .string(let value): Self.quoted(value)
        case .list(let items): "[" + items.map(\.description).joined(separator: ", ") + "]"
        case .dictionary(let entries):
            "{" + entries.map { "\(Self.quoted($0.key)): \($0.value)" }.joined(separator: ", ") + "}"
        }
    }

    /// The literal as command words: what `$name` stands for on a line.
    ///
    /// A list gives one word for each item; everything else is one word.
    package var words: [String] {
        switch self {
        case .string(let value): [value]
        case .list(let items): items.flatMap(\.words)
        case .none: [""]
        default: [description]
        }
    }

    /// The word for the kind of value, as help and errors name it.
    package var kindName: String {
        switch self {
        case .none: "none"
        case .boolean: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .list: "list"
        case .dictionary: "dictionary"
        }
    }

    /// A string in double quotes with the escapes that the reader understands.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for character in text {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            default: result.append(character)
            }
        }
        return result + "\""
    }
}
