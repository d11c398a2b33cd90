/// A cell's commands with names, options, texts and comments set apart.
enum CommandHTML {
    /// The HTML of commands.
    static func html(_ source: String) -> String {
        source.pieces.map { line(Array($0)) }.joined(separator: "\n")
    }

    private static func line(_ text: [Character]) -> String {
        var result = ""
        var index = 0
        var isFirst = true
        while index < text.count {
            let start = index
            let character = text[index]
            if character.isWhitespace {
                index += 1
                result.append(character == "\r" ? "" : String(character))
                continue
            }
            var style: String?
            if character == "#" {
                (style, index) = ("comment", text.count)
            } else if character == "'" || character == "\"" {
                index = (text[(index + 1)...].firstIndex(of: character) ?? text.count - 1) + 1
                style = "string"
            } else {
                while index < text.count, !text[index].isWhitespace, text[index] != "'", text[index] != "\"" {
                    index += 1
                }
                style = isFirst ? "name" : character == "-" ? "option" : character == "$" ? "variable" : nil
            }
            isFirst = false
            let word = HTMLText.escaped(String(text[start..<index]))
            result += style.map { "<span class=\"\($0)\">\(word)</span>" } ?? word
        }
        return result
    }
}
