/// Markdown as HTML: headings, paragraphs, lists, quotes, code, tables, rules. HTML in it is shown as text, but for
/// comments, which are left out.
struct MarkdownPage {
    /// A heading, for the table of contents.
    struct Heading {
        /// 1 to 6.
        let level: Int
        /// The words, as HTML.
        let html: String
        /// The anchor.
        let anchor: String
    }

    /// The headings in order.
    private(set) var headings: [Heading] = []
    private let inline: MarkdownInline
    private var anchors = UniqueNames()

    /// Makes a renderer.
    init(picture: @escaping (_ path: String, _ alt: String) -> String?) { inline = MarkdownInline(picture: picture) }

    /// The HTML of lines.
    mutating func html(_ lines: [String]) -> String {
        var result: [String] = []
        var rest = lines.map(\.withoutCarriageReturn)[...]
        while let line = rest.first {
            if line.trimmed.isEmpty {
                rest.removeFirst()
            } else if let block = readBlock(&rest) {
                if !block.isEmpty { result.append(block) }
            } else {
                result.append(readParagraph(&rest))
            }
        }
        return result.joined(separator: "\n")
    }
}

extension MarkdownPage {
    private mutating func readBlock(_ rest: inout ArraySlice<String>) -> String? {
        guard let line = rest.first else { return nil }
        if line.trimmed.hasPrefix("<!--") { return readComment(&rest) }
        if let fence = Fence(line) { return readCode(fence, &rest) }
        if let (level, words) = Self.heading(line) {
            rest.removeFirst()
            return heading(level, words)
        }
        if Self.isRule(line) {
            rest.removeFirst()
            return "<hr>"
        }
        if line.trimmed.hasPrefix(">") { return readQuote(&rest) }
        if MarkdownListItem(line) != nil { return readList(&rest) }
        if rest.count >= 2, let table = MarkdownTable(rest) {
            rest = rest.dropFirst(table.lineCount)
            return table.html(inline)
        }
        return nil
    }

    /// Whether a line begins something other than a paragraph.
    private static func interrupts(_ line: String) -> Bool {
        line.trimmed.isEmpty || Fence(line) != nil || heading(line) != nil || isRule(line)
            || line.trimmed.hasPrefix(">") || MarkdownListItem(line) != nil || line.hasPrefix("<!--")
    }

    private mutating func readParagraph(_ rest: inout ArraySlice<String>) -> String {
        var lines = [rest.removeFirst()]
        while let line = rest.first, !Self.interrupts(line) {
            lines.append(String(line.drop { $0 == " " })); rest.removeFirst()
        }
        return "<p>\(inline.html(lines.joined(separator: "\n")))</p>"
    }

    private func readComment(_ rest: inout ArraySlice<String>) -> String {
        while let line = rest.popFirst(), !line.contains("-->") {}
        return ""
    }

    private func readCode(_ fence: Fence, _ rest: inout ArraySlice<String>) -> String {
        rest.removeFirst()
        var lines: [String] = []
        while let line = rest.popFirst(), !fence.isClosed(by: line) { lines.append(line) }
        return "<pre class=\"code\"><code>\(HTMLText.escaped(lines.joined(separator: "\n")))</code></pre>"
    }

    private mutating func readQuote(_ rest: inout ArraySlice<String>) -> String {
        var lines: [String] = []
        while let line = rest.first, line.trimmed.hasPrefix(">") {
            let inside = line.drop { $0 == " " }.dropFirst()
            lines.append(String(inside.hasPrefix(" ") ? inside.dropFirst() : inside))
            rest.removeFirst()
        }
        return "<blockquote>\(html(lines))</blockquote>"
    }

    private mutating func readList(_ rest: inout ArraySlice<String>) -> String {
        guard let first = rest.first.flatMap(MarkdownListItem.init) else { return "" }
        var items: [[String]] = []
        while let line = rest.first {
            if let item = MarkdownListItem(line), item.indent == first.indent, item.isOrdered == first.isOrdered {
                items.append([item.text])
            } else if items.isEmpty {
                break
            } else if line.trimmed.isEmpty {
                guard let next = rest.dropFirst().first(where: { !$0.trimmed.isEmpty }),
                    next.prefix(while: { $0 == " " }).count > first.indent || MarkdownListItem(next) != nil
                else { break }
                items[items.count - 1].append("")
            } else if line.prefix(while: { $0 == " " }).count > first.indent {
                let indent = min(line.prefix { $0 == " " }.count, first.indent + first.width)
                items[items.count - 1].append(String(line.dropFirst(indent)))
            } else if !Self.interrupts(line), items.last?.last?.isEmpty == false {
                items[items.count - 1].append(line)
            } else {
                break
            }
            rest.removeFirst()
        }
        let inside = items.map { lines in
            let html = html(lines)
            let isShort = html.hasPrefix("<p>") && html.components(of: "<p>") == 1
            return "<li>\(isShort ? html.replacing("<p>", with: "").replacing("</p>", with: "") : html)</li>"
        }
        let name = first.isOrdered ? "ol" : "ul"
        let start = first.isOrdered && first.number != 1 ? " start=\"\(first.number)\"" : ""
        return "<\(name)\(start)>\n\(inside.joined(separator: "\n"))\n</\(name)>"
    }

    private mutating func heading(_ level: Int, _ words: String) -> String {
        let html = inline.html(words)
        let letters = words.lowercased().split { !($0.isLetter || $0.isNumber) }
        let anchor = anchors.make(letters.isEmpty ? "section" : letters.joined(separator: "-"))
        headings.append(Heading(level: level, html: html, anchor: anchor))
        return HTMLText.element("h\(level)", [("id", anchor)], html)
    }

    private static func heading(_ line: String) -> (Int, String)? {
        let level = line.prefix { $0 == "#" }.count
        guard (1...6).contains(level) else { return nil }
        let rest = line.dropFirst(level)
        guard rest.isEmpty || rest.first == " " else { return nil }
        var words = rest.trimmed
        if let end = words.range(ofClosingMarks: "#") { words = String(words[..<end]).trimmed }
        return (level, words)
    }

    private static func isRule(_ line: String) -> Bool {
        let marks = line.filter { !$0.isWhitespace }
        guard marks.count >= 3, let mark = marks.first else { return false }
        return "-*_".contains(mark) && marks.allSatisfy { $0 == mark }
    }
}

/// The beginning of an item of a list.
struct MarkdownListItem {
    /// Blanks in front.
    let indent: Int
    /// Columns of the mark and the blank behind it.
    let width: Int
    /// Whether it has a number.
    let isOrdered: Bool
    /// The number.
    let number: Int
    /// What follows.
    let text: String

    init?(_ line: String) {
        let body = line.drop { $0 == " " }
        indent = line.count - body.count
        let digits = body.prefix { $0.isASCII && $0.isNumber }
        let mark = digits.isEmpty ? 0 : digits.count
        guard digits.count < 10, let sign = body.dropFirst(mark).first else { return nil }
        isOrdered = !digits.isEmpty
        guard isOrdered ? ".)".contains(sign) : "-*+".contains(sign) else { return nil }
        let rest = body.dropFirst(mark + 1)
        guard rest.isEmpty || rest.first == " " else { return nil }
        number = Int(digits) ?? 1
        width = mark + 2
        text = rest.trimmed
    }
}

/// A table of Markdown: a line of headings, a line of hyphens, rows.
struct MarkdownTable {
    /// Lines that it takes.
    let lineCount: Int
    private let head: [String]
    private let isRight: [Bool]
    private let rows: [[String]]

    init?(_ lines: ArraySlice<String>) {
        guard let first = lines.first, first.contains("|"), let second = lines.dropFirst().first else { return nil }
        let marks = Self.cells(second)
        guard second.contains("-"), marks.allSatisfy({ !$0.isEmpty && $0.allSatisfy { "-:".contains($0) } }) else {
            return nil
        }
        head = Self.cells(first)
        guard head.count == marks.count else { return nil }
        isRight = marks.map { $0.hasSuffix(":") && !$0.hasPrefix(":") }
        let body = lines.dropFirst(2).prefix { $0.contains("|") && !$0.trimmed.isEmpty }
        rows = body.map(Self.cells)
        lineCount = 2 + body.count
    }

    /// The table as HTML.
    func html(_ inline: MarkdownInline) -> String {
        func row(_ cells: [String], _ name: String) -> String {
            let inside = head.indices.map { column in
                let isRight = column < isRight.count && isRight[column]
                return HTMLText.element(
                    name, [("class", isRight ? "number" : nil)], inline.html(column < cells.count ? cells[column] : ""))
            }
            return "<tr>\(inside.joined())</tr>"
        }
        let body = rows.map { row($0, "td") }.joined(separator: "\n")
        return "<div class=\"scroll\"><table><thead>\(row(head, "th"))</thead><tbody>\n\(body)\n</tbody></table></div>"
    }

    private static func cells(_ line: String) -> [String] {
        var cells = [""]
        var isEscaped = false
        for character in line.trimmed {
            if character == "|", !isEscaped { cells.append("") } else { cells[cells.count - 1].append(character) }
            isEscaped = character == "\\" && !isEscaped
        }
        if cells.first?.trimmed.isEmpty ?? false { cells.removeFirst() }
        if cells.last?.trimmed.isEmpty ?? false { cells.removeLast() }
        return cells.map { $0.trimmed.replacing("\\|", with: "|") }
    }
}

extension String {
    /// How often a text stands in this one.
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }

    /// Where closing marks of a heading begin: `## Title ##`.
    fileprivate func range(ofClosingMarks mark: Character) -> String.Index? {
        let body = trimmingSuffix { $0 == mark }
        guard body.endIndex != endIndex, body.last == " " || body.isEmpty else { return nil }
        return body.endIndex
    }

    private func trimmingSuffix(_ isMark: (Character) -> Bool) -> Substring {
        var text = self[...]
        while let last = text.last, isMark(last) { text.removeLast() }
        return text
    }
}
