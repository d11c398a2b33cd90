/// Turns outputs into the lines a person reads, on a terminal or in a recorded session.
package struct Renderer: Sendable {
    /// What the lines are for.
    package enum Purpose: Sendable, Equatable {
        /// A screen or a pipe: true values.
        case reading
        /// A session file: masks in place of what varies, no colour, no wrapping.
        case recording
    }

    /// What the lines are for.
    package var purpose: Purpose
    /// Columns available; the widest columns of tables are cut to it, nothing else is. 0 for no limit.
    package var width: Int
    /// Whether escape sequences may set words apart.
    package var usesColor: Bool

    /// Makes a renderer.
    package init(purpose: Purpose = .reading, width: Int = 0, usesColor: Bool = false) {
        self.purpose = purpose
        self.width = width
        self.usesColor = usesColor
    }

    /// What a session file holds: the same text at any width, in any place.
    package static let recording = Renderer(purpose: .recording)

    /// The lines of an output; none for progress.
    package func lines(_ output: Output) -> [String] {
        switch output {
        case .text(let text):
            render(text).split(separator: "\n", omittingEmptySubsequences: false).flatMap { wrapped(String($0)) }
        case .fields(let fields): lines(fields)
        case .table(let table): lines(table)
        case .image(let image): lines(image)
        case .chart(let chart): lines(chart)
        case .progress: []
        case .warning(let text): [styled("warning: ", .warning) + render(text)]
        case .failure(let failure): lines(failure)
        }
    }
}

extension Renderer {
    /// A text in one piece.
    package func render(_ text: Text) -> String {
        text.spans.map { span in
            if case .styled(let words, let style) = span { return styled(words, style) }
            return purpose == .recording ? span.recorded : span.shown
        }.joined()
    }

    /// A line broken at blanks where it is too long; what follows stands under the line's second column, if it has one.
    private func wrapped(_ line: String) -> [String] {
        guard purpose == .reading, width > 0, !line.contains("\u{1B}"), DisplayWidth.of(line) > width else {
            return [line]
        }
        let indent = line.prefix { $0 == " " }
        let gap = line.dropFirst(indent.count).firstRange(of: "  ").map { line[$0.lowerBound...].prefix { $0 == " " } }
        var head = gap.map { line[..<$0.endIndex] } ?? indent
        if DisplayWidth.of(head) > width / 2 { head = indent }
        let tail = DisplayWidth.wrap(String(line[head.endIndex...]), to: width - DisplayWidth.of(head))
        let blank = String(repeating: " ", count: DisplayWidth.of(head))
        return tail.enumerated().map { ($0.offset == 0 ? String(head) : blank) + $0.element }
    }

    private func styled(_ words: String, _ style: TextStyle) -> String {
        guard usesColor else { return words }
        let code =
            switch style {
            case .strong: "1"
            case .faint: "2"
            case .good: "32"
            case .warning: "33"
            case .bad: "31"
            }
        return "\u{1B}[\(code)m\(words)\u{1B}[0m"
    }

    /// The text as it is measured: without escape sequences.
    private func measured(_ text: Text) -> Int {
        DisplayWidth.of(purpose == .recording ? text.recorded : text.shown)
    }

    private func lines(_ fields: Fields) -> [String] {
        let labelWidth = fields.fields.map { DisplayWidth.of($0.label) }.max() ?? 0
        return fields.fields.flatMap { field in
            let value = render(field.value).split(separator: "\n", omittingEmptySubsequences: false)
            return value.enumerated().map { index, line in
                let label = DisplayWidth.pad(index == 0 ? field.label : "", to: labelWidth)
                return line.isEmpty ? label.trimmingEnd() : "\(styled(label, .faint))  \(line)"
            }
        }
    }

    private func lines(_ table: Table) -> [String] {
        let layout = TableLayout(table, measure: measured, available: width)
        var lines: [String] = []
        if !table.title.isEmpty { lines.append(styled(table.title, .strong)) }
        lines.append(layout.line(of: table.columns.map { Text($0.title, style: .strong) }, render: render))
        lines += table.rows.map { layout.line(of: $0, render: render) }
        return lines
    }

    private func lines(_ image: ImageOutput) -> [String] {
        ["\(image.path)  \(image.width)x\(image.height)  sha256:\(image.shortDigest)"]
    }

    private func lines(_ chart: Chart) -> [String] {
        var table = Table(title: chart.title, "curve", "points", "first \(chart.yLabel)", "last \(chart.yLabel)")
        for series in chart.series {
            let end = { (value: Double?) -> Text in value.map { Text(.number($0)) } ?? "-" }
            table.add([Text(series.name), "\(series.y.count)", end(series.y.first), end(series.y.last)])
        }
        return lines(table) + (chart.image.map { lines($0) } ?? [])
    }

    private func lines(_ failure: Failure) -> [String] {
        var lines: [String] = []
        let sentence = render(failure.message).split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in sentence.enumerated() {
            lines.append(index == 0 ? "\(styled("error:", .bad)) \(line)" : "  \(line)")
        }
        if let caret = failure.caret {
            let before = DisplayWidth.of(String(caret.line.prefix(caret.position.column - 1)))
            let under = caret.line.dropFirst(caret.position.column - 1).prefix(caret.position.length)
            let tail = String(repeating: "~", count: max(0, DisplayWidth.of(under) - 1))
            lines.append("  \(caret.line.replacing("\t", with: " "))")
            lines.append("  \(String(repeating: " ", count: before))\(styled("^" + tail, .bad))")
        }
        if !failure.suggestions.isEmpty {
            lines.append("  did you mean \(failure.suggestions.joined(separator: " or "))?")
        }
        if let next = failure.next { lines.append("  next: \(next)") }
        return lines
    }
}

/// The columns' widths of a table.
private struct TableLayout {
    var widths: [Int]
    var alignments: [Table.Alignment]
    let measure: (Text) -> Int

    init(_ table: Table, measure: @escaping (Text) -> Int, available: Int) {
        self.measure = measure
        widths = table.columns.indices.map { column in
            table.rows.reduce(DisplayWidth.of(table.columns[column].title)) { max($0, measure($1[column])) }
        }
        alignments = table.columns.indices.map { column in
            if let alignment = table.columns[column].alignment { return alignment }
            let isNumeric = !table.rows.isEmpty && table.rows.allSatisfy { Self.isNumber($0[column]) }
            return isNumeric ? .right : .left
        }
        fit(into: available)
    }

    /// Narrows the widest column of words until the table fits; words keep at least eight columns.
    private mutating func fit(into available: Int) {
        guard available > 0 else { return }
        while widths.reduce(2 * (widths.count - 1), +) > available {
            let words = widths.indices.filter { alignments[$0] == .left && widths[$0] > 8 }
            guard let widest = words.max(by: { widths[$0] < widths[$1] }) else { return }
            widths[widest] -= 1
        }
    }

    func line(of cells: [Text], render: (Text) -> String) -> String {
        var line = ""
        for (column, cell) in cells.enumerated() {
            let spaces = String(repeating: " ", count: max(0, widths[column] - measure(cell)))
            let isCut = measure(cell) > widths[column]
            let text = isCut ? DisplayWidth.truncate(cell.shown, to: widths[column]) : render(cell)
            line += column == 0 ? "" : "  "
            line += alignments[column] == .left ? text + spaces : spaces + text
        }
        return line.trimmingEnd()
    }

    private static func isNumber(_ cell: Text) -> Bool {
        switch cell.quantity {
        case .integer, .number, .duration, .rate, .memory: true
        default: cell.shown == "-"
        }
    }
}

extension String {
    /// The text without blanks at its end.
    package func trimmingEnd() -> String {
        var end = endIndex
        while end > startIndex {
            let before = index(before: end)
            guard self[before].isBlank else { break }
            end = before
        }
        return String(self[..<end])
    }
}
