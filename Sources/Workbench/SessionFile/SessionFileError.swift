/// Why a text is no session file.
package struct SessionFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    package enum Problem: Sendable, Equatable {
        /// The front matter has no closing `---`.
        case unclosedHeader
        /// A line of the front matter is no `key: value`.
        case badHeaderLine(String)
        /// A key that does not exist.
        case unknownKey(String, place: String, suggestions: [String])
        /// A key stands twice.
        case repeatedKey(String)
        /// A value has the wrong form.
        case badValue(key: String, found: String, expected: String)
        /// The file is of a format that this version does not know.
        case unknownFormat(String)
        /// A fence is never closed.
        case unclosedFence(String)
        /// An output stands where no cell is in front of it.
        case outputWithoutCell(String)
        /// Two cells have one id.
        case repeatedID(String, firstLine: Int)
        /// A picture of a cell has a title of the wrong form.
        case badPicture(String)
        /// A mask that does not exist, or is incomplete.
        case badMask(String, reason: String)
    }

    /// The file's name.
    package var file: String
    /// The line, counted from 1.
    package var line: Int
    /// What is wrong.
    package var problem: Problem

    /// One sentence with file and line.
    package var description: String { "\(file):\(line): \(sentence)" }

    /// What is wrong, without the place.
    var sentence: String {
        switch problem {
        case .unclosedHeader: "the front matter is never closed; put --- on a line of its own behind it"
        case .badHeaderLine(let text): "\"\(text)\" is no \"key: value\""
        case .unknownKey(let key, let place, let near):
            "\(place) knows no key \"\(key)\"" + (near.first.map { "; did you mean \($0)?" } ?? "")
        case .repeatedKey(let key): "the key \(key) stands twice; remove one"
        case .badValue(let key, let found, let expected): "\(key) is \"\(found)\", expected \(expected)"
        case .unknownFormat(let found): "the file is of format \(found), this version reads format 1"
        case .unclosedFence(let fence):
            "the block \(fence) is never closed; put a line of as many backticks behind it"
        case .outputWithoutCell(let kind):
            "the \(kind) block has no cell in front of it; remove it, or the text between"
        case .repeatedID(let id, let first):
            "the id \(id) is already that of the cell in line \(first); give one of them another"
        case .badPicture(let reason): "a cell's picture needs the title \"sha256:HEX WxH\": \(reason)"
        case .badMask(let text, let reason): "the mask \(text) cannot be read: \(reason)"
        }
    }
}
