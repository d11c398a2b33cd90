/// Pieces of outputs as HTML.
enum LayoutHTML {
    /// The HTML of a piece.
    /// - Parameter drawsCurve: whether logged losses get a picture; not where the session has one.
    static func html(_ layout: OutputLayout, drawsCurve: Bool) -> String {
        switch layout {
        case .text(let lines): return "<pre>\(lines.map(HTMLText.output).joined(separator: "\n"))</pre>"
        case .fields(let fields):
            let rows = fields.map { field in
                "<tr><th scope=\"row\">\(HTMLText.escaped(field.label))</th><td>\(HTMLText.output(field.value))</td></tr>"
            }
            return
                "<div class=\"scroll\"><table class=\"fields\"><tbody>\n\(rows.joined(separator: "\n"))\n</tbody></table></div>"
        case .table(let heads, let rows, let isRight): return table(heads, rows, isRight)
        case .log(let names, let rows):
            let log = table(names, rows, names.map { _ in true })
            guard drawsCurve, let steps = layout.series["step"], let losses = layout.series["loss"],
                let curve = LossCurve(steps: steps, losses: losses)
            else { return log }
            return log + "\n<figure>\(curve.svg)<figcaption>logged loss over updates</figcaption></figure>"
        }
    }

    private static func table(_ heads: [String], _ rows: [[String]], _ isRight: [Bool]) -> String {
        func row(_ cells: [String], _ name: String) -> String {
            let inside = zip(cells, isRight).map { cell, isRight in
                HTMLText.element(name, [("class", isRight ? "number" : nil)], HTMLText.output(cell))
            }
            return "<tr>\(inside.joined())</tr>"
        }
        let body = rows.map { row($0, "td") }.joined(separator: "\n")
        return "<div class=\"scroll\"><table><thead>\(row(heads, "th"))</thead><tbody>\n\(body)\n</tbody></table></div>"
    }
}
