import Console

/// The lines of an output taken apart again: tables, labels with values, log lines, and other text.
///
/// Columns stand two blanks apart, under their headings' left or right edge, as the renderer lays them out.
enum OutputLayout: Equatable {
    /// Labels and values.
    case fields([Field])
    /// Rows under headings; numbers stand right.
    case table(heads: [String], rows: [[String]], isRight: [Bool])
    /// Lines of names with numbers: `step 20  loss 2.2030`.
    case log(names: [String], rows: [[String]])
    /// Anything else.
    case text([String])

    /// A label and its value.
    struct Field: Equatable {
        let label: String
        let value: String
    }

    /// Takes lines apart.
    static func blocks(of lines: [String]) -> [OutputLayout] {
        var blocks: [OutputLayout] = []
        var rest = lines[...]
        while let line = rest.first {
            if let (block, count) = log(rest) ?? fields(rest) ?? table(rest) {
                blocks.append(block)
                rest = rest.dropFirst(count)
            } else {
                if case .text(let earlier)? = blocks.last {
                    blocks[blocks.count - 1] = .text(earlier + [line])
                } else {
                    blocks.append(.text([line]))
                }
                rest.removeFirst()
            }
        }
        return blocks
    }

    /// The columns of numbers in the log lines, by name.
    var series: [String: [Double]] {
        guard case .log(let names, let rows) = self else { return [:] }
        let columns = names.indices.map { column in rows.compactMap { LineTokens.number($0[column]) } }
        return Dictionary(zip(names, columns), uniquingKeysWith: { first, _ in first })
    }
}

extension OutputLayout {
    /// A piece of a line between runs of two or more blanks.
    private struct Column {
        let text: String
        let start: Int
        var end: Int { start + DisplayWidth.of(text) }
    }

    private static func columns(_ line: String) -> [Column] {
        var columns: [Column] = []
        var position = 0
        for piece in line.split(separator: "  ", omittingEmptySubsequences: false) {
            let text = piece.drop { $0 == " " }
            let start = position + piece.count - text.count
            if !text.isEmpty { columns.append(Column(text: String(text).trimmingEnd(), start: start)) }
            position += DisplayWidth.of(piece) + 2
        }
        return columns
    }

    private static func log(_ lines: ArraySlice<String>) -> (OutputLayout, Int)? {
        func pairs(_ line: String) -> [(name: String, value: String)]? {
            let columns = columns(line)
            let pairs = columns.compactMap { column -> (String, String)? in
                let words = column.text.split(separator: " ")
                guard words.count >= 2, let value = words.last, LineTokens.number(String(value)) != nil else {
                    return nil
                }
                return (words.dropLast().joined(separator: " "), String(value))
            }
            return pairs.count == columns.count && pairs.count >= 2 ? pairs : nil
        }
        guard let names = lines.first.flatMap(pairs)?.map(\.name) else { return nil }
        let rows = lines.map(pairs).prefix { $0?.map(\.name) == names }.compactMap { $0?.map(\.value) }
        return (.log(names: names, rows: rows), rows.count)
    }

    private static func fields(_ lines: ArraySlice<String>) -> (OutputLayout, Int)? {
        var fields: [Field] = []
        var valueStart: Int?
        for index in lines.indices {
            let columns = columns(lines[index])
            guard columns.count >= 2, columns[0].start == 0, valueStart ?? columns[1].start == columns[1].start else {
                break
            }
            if let (block, _) = table(lines[index...]), case .table(let heads, _, _) = block, heads.count > 2 { break }
            valueStart = columns[1].start
            let value = lines[index].dropFirst(columns[0].text.count).drop { $0 == " " }
            fields.append(Field(label: columns[0].text, value: String(value).trimmingEnd()))
        }
        return fields.count >= 2 ? (.fields(fields), fields.count) : nil
    }

    private static func table(_ lines: ArraySlice<String>) -> (OutputLayout, Int)? {
        guard let first = lines.first else { return nil }
        let heads = columns(first)
        guard heads.count >= 2 else { return nil }
        var rows: [[Column]] = []
        for line in lines.dropFirst() {
            let row = columns(line)
            guard row.count == heads.count || (row.count == heads.count + 1 && heads[0].start > 0),
                rows.first.map({ $0.count == row.count }) ?? true
            else { break }
            let cells = row.suffix(heads.count)
            guard zip(heads, cells).allSatisfy({ $0.start == $1.start || $0.end == $1.end }) else { break }
            rows.append(row)
        }
        guard let width = rows.first?.count else { return nil }
        let names = (width > heads.count ? [""] : []) + heads.map(\.text)
        let isRight = (0..<width).map { column in
            column > 0 && rows.allSatisfy { LineTokens.number($0[column].text) != nil || $0[column].text == "-" }
        }
        return (.table(heads: names, rows: rows.map { $0.map(\.text) }, isRight: isRight), rows.count + 1)
    }
}
