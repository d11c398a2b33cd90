/// Emphasis, code, links and pictures inside of a line of Markdown, as HTML.
struct MarkdownInline {
    /// The HTML of a picture by its path and words; nil when it cannot be shown.
    let picture: (_ path: String, _ alt: String) -> String?

    /// A text as HTML.
    func html(_ text: String) -> String {
        var reader = Reader(text: Array(text), inline: self)
        return reader.html()
    }

    /// Whether a link may be kept: to the web, to a mail address, or inside of the folder; never to a script.
    static func isSafe(_ link: String) -> Bool {
        guard let colon = link.firstIndex(of: ":") else { return true }
        let scheme = link[..<colon].lowercased()
        return ["http", "https", "mailto"].contains(scheme) || scheme.contains { "/?#".contains($0) }
    }
}

private struct Reader {
    let text: [Character]
    let inline: MarkdownInline
    private var index = 0
    private var result = ""
    private var plain = ""

    init(text: [Character], inline: MarkdownInline) {
        self.text = text
        self.inline = inline
    }

    mutating func html() -> String {
        while index < text.count {
            if !readSpecial() {
                plain.append(text[index])
                index += 1
            }
        }
        flush()
        return result
    }

    private mutating func flush() {
        result += HTMLText.escaped(plain)
        plain = ""
    }

    private mutating func emit(_ html: String, upTo end: Int) -> Bool {
        flush()
        result += html
        index = end
        return true
    }

    private mutating func readSpecial() -> Bool {
        switch text[index] {
        case "\\": return readEscape()
        case "`": return readCode()
        case "*", "_": return readEmphasis()
        case "~": return readDelimited("~~", "del")
        case "!": return index + 1 < text.count && text[index + 1] == "[" && readLink(at: index + 1, isPicture: true)
        case "[": return readLink(at: index, isPicture: false)
        case "<": return readAddress()
        case " ": return readBreak()
        default: return false
        }
    }

    private mutating func readEscape() -> Bool {
        guard index + 1 < text.count, text[index + 1].isASCII, text[index + 1].isPunctuation || text[index + 1].isSymbol
        else { return false }
        plain.append(text[index + 1])
        index += 2
        return true
    }

    private mutating func readCode() -> Bool {
        let count = text[index...].prefix { $0 == "`" }.count
        var end = index + count
        while end < text.count {
            let run = text[end...].prefix { $0 == "`" }.count
            if run == count {
                let inside = String(text[(index + count)..<end])
                let isPadded = inside.hasPrefix(" ") && inside.hasSuffix(" ") && !inside.trimmed.isEmpty
                let code = isPadded ? String(inside.dropFirst().dropLast()) : inside
                return emit("<code>\(HTMLText.escaped(code))</code>", upTo: end + count)
            }
            end += max(1, run)
        }
        plain += String(repeating: "`", count: count)
        index += count
        return true
    }

    private mutating func readEmphasis() -> Bool {
        let mark = text[index]
        let double = String(repeating: mark, count: 2)
        return readDelimited(double, "strong") || readDelimited(String(mark), "em")
    }

    private mutating func readDelimited(_ mark: String, _ element: String) -> Bool {
        let marks = Array(mark)
        let start = index + marks.count
        guard start < text.count, Array(text[index..<start]) == marks, !text[start].isWhitespace else { return false }
        let isWordMark = marks[0] == "_"
        if isWordMark, index > 0, text[index - 1].isLetter || text[index - 1].isNumber { return false }
        var end = start + 1
        while end + marks.count <= text.count {
            let behind = end + marks.count
            let isEnd = Array(text[end..<behind]) == marks && !text[end - 1].isWhitespace && text[end - 1] != "\\"
            let isInWord = behind < text.count && (text[behind].isLetter || text[behind].isNumber)
            let isLonger = marks.count == 1 && behind < text.count && text[behind] == marks[0]
            if isEnd, !(isWordMark && isInWord), !isLonger {
                let inside = inline.html(String(text[start..<end]))
                return emit("<\(element)>\(inside)</\(element)>", upTo: behind)
            }
            end += isLonger && isEnd ? 2 : 1
        }
        return false
    }

    /// `[words](address)` or `![words](path)`, with or without a title.
    private mutating func readLink(at bracket: Int, isPicture: Bool) -> Bool {
        var depth = 0
        var close = bracket
        while close < text.count {
            if text[close] == "[" { depth += 1 }
            if text[close] == "]" { depth -= 1 }
            if depth == 0 { break }
            close += 1
        }
        guard close + 1 < text.count, text[close + 1] == "(",
            let end = text[close...].firstIndex(of: ")")
        else { return false }
        let words = String(text[(bracket + 1)..<close])
        let target = String(text[(close + 2)..<end]).split(separator: " ", maxSplits: 1).first.map(String.init) ?? ""
        if isPicture {
            let shown = inline.picture(target, words) ?? "<em>\(HTMLText.escaped(words.isEmpty ? target : words))</em>"
            return emit(shown, upTo: end + 1)
        }
        let inside = inline.html(words)
        let html =
            MarkdownInline.isSafe(target) ? HTMLText.element("a", [("href", target)], inside) : inside
        return emit(html, upTo: end + 1)
    }

    /// `<https://…>`.
    private mutating func readAddress() -> Bool {
        guard let end = text[index...].firstIndex(of: ">") else { return false }
        let address = String(text[(index + 1)..<end])
        guard address.hasPrefix("http://") || address.hasPrefix("https://"), !address.contains(" ") else {
            return false
        }
        return emit(HTMLText.element("a", [("href", address)], HTMLText.escaped(address)), upTo: end + 1)
    }

    /// Two blanks at the end of a line.
    private mutating func readBreak() -> Bool {
        let end = text[index...].firstIndex { $0 != " " } ?? text.count
        guard end - index >= 2, end < text.count, text[end] == "\n" else { return false }
        return emit("<br>\n", upTo: end + 1)
    }
}
