import Console

/// A session as one page for a browser.
struct SessionPage {
    /// The page.
    private(set) var text = ""
    /// The pictures that are not there or cannot be read, by the paths that the session names.
    private(set) var missingPictures: [String] = []

    private let source: ConversionSource
    private var cellIndex = 0

    /// Lays out a session.
    init(_ source: ConversionSource) {
        self.source = source
        let pictures = PictureHTML(source)
        var markdown = MarkdownPage(picture: pictures.element)
        var parts: [String] = []
        for piece in SessionPieces(source.file).pieces {
            switch piece.content {
            case .text(let lines): parts.append(markdown.html(lines))
            case .cell(let cell):
                cellIndex += 1
                parts.append(section(cell, pictures))
            }
        }
        let hasTitle = markdown.headings.first?.level == 1
        let title = hasTitle ? "" : "<h1>\(HTMLText.escaped(source.title))</h1>\n"
        text =
            HTMLPage(
                title: source.title,
                body: """
                    \(Self.contents(markdown.headings, title: source.title))
                    <main>
                    \(title)\(parts.joined(separator: "\n"))
                    \(facts)
                    </main>
                    """
            ).text
    }
}

extension SessionPage {
    /// Where the session was recorded, from its front matter.
    private var facts: String {
        let keys: [SessionHeader.Key] = [.device, .dtype, .seed, .versions]
        let facts = keys.compactMap { key in
            source.file.header[key].map { "<li><b>\(key.rawValue)</b> \(HTMLText.escaped($0))</li>" }
        }
        return facts.isEmpty ? "" : "<footer><p>Recorded with</p><ul>\(facts.joined())</ul></footer>"
    }

    private static func contents(_ headings: [MarkdownPage.Heading], title: String) -> String {
        let entries = headings.filter { $0.level <= 3 }
        guard entries.count > 1 else { return "" }
        let items = entries.map { heading in
            let plain = heading.html.replacing(/<[^>]*>/, with: "")
            return
                "<li class=\"level\(heading.level)\"><a href=\"#\(HTMLText.escaped(heading.anchor))\">\(plain)</a></li>"
        }
        return "<nav aria-label=\"Contents\"><ol>\n\(items.joined(separator: "\n"))\n</ol></nav>"
    }

    private mutating func section(_ cell: SessionCell, _ pictures: PictureHTML) -> String {
        let name = cell.attributes.id ?? String(cellIndex)
        let isFailed = cell.recordedEnd?.code.map { $0 != 0 } ?? false
        let tags = cell.attributes.tags.map { "<span class=\"tag\">\(HTMLText.escaped($0))</span>" }.joined()
        let state = isFailed ? "<span class=\"tag failed\">failed</span>" : ""
        let outputs = outputs(of: cell, pictures)
        let said = outputs.isEmpty ? "" : "\n<div class=\"said\">\n\(outputs.joined(separator: "\n"))\n</div>"
        return """
            <section class="cell\(isFailed ? " bad" : "")" id="cell-\(HTMLText.escaped(name))">
            <div class="label"><a href="#cell-\(HTMLText.escaped(name))">\(HTMLText.escaped(name))</a>\(tags)\(state)</div>
            <pre class="source"><code>\(CommandHTML.html(cell.sourceText))</code></pre>\(said)
            </section>
            """
    }

    private mutating func outputs(of cell: SessionCell, _ pictures: PictureHTML) -> [String] {
        let concrete = source.concrete[cellIndex - 1]
        let hasPicture = cell.outputs.contains { if case .picture = $0 { true } else { false } }
        var parts: [String] = []
        for (index, block) in cell.outputs.enumerated() {
            let known = concrete.flatMap { index < $0.count ? $0[index] : nil }
            if case .boxes(let list) = block {
                parts.append(Self.boxes(list.content))
                continue
            }
            guard let shown = ShownOutput(block, concrete: known) else { continue }
            let lines = shown.lines.map(\.shown)
            switch shown.kind {
            case .stream("stderr"):
                parts.append("<pre class=\"warning\">\(lines.map(HTMLText.output).joined(separator: "\n"))</pre>")
            case .stream: parts += OutputLayout.blocks(of: lines).map { LayoutHTML.html($0, drawsCurve: !hasPicture) }
            case .error:
                parts.append("<pre class=\"error\">\(lines.map(HTMLText.output).joined(separator: "\n"))</pre>")
            case .picture: parts.append(figure(shown.picture, pictures))
            }
        }
        return parts
    }

    private mutating func figure(_ reference: PictureReference?, _ pictures: PictureHTML) -> String {
        guard let reference else { return "" }
        let caption = "<figcaption>\(HTMLText.escaped(reference.alt))</figcaption>"
        guard let image = pictures.element(reference.path, alt: reference.alt, width: reference.width) else {
            missingPictures.append(reference.path)
            return "<figure class=\"missing\">\(caption)</figure>"
        }
        return "<figure>\(image)\(caption)</figure>"
    }

    /// The boxes of a picture, folded away.
    private static func boxes(_ lines: [String]) -> String {
        let rows = lines.map { line in
            let words = line.split(separator: " ", maxSplits: 4).map(String.init)
            let cells = words.enumerated().map { index, word in
                HTMLText.element("td", [("class", index < 4 ? "number" : nil)], HTMLText.escaped(word))
            }
            return "<tr>\(cells.joined())</tr>"
        }
        let head =
            ["left", "top", "right", "bottom"].map { "<th class=\"number\">\($0)</th>" }.joined() + "<th>label</th>"
        return """
            <details><summary>\(lines.count) boxes, in pixels</summary><div class="scroll"><table>
            <thead><tr>\(head)</tr></thead>
            <tbody>\(rows.joined(separator: "\n"))</tbody></table></div></details>
            """
    }
}
