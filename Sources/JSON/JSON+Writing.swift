/// How a JSON value is laid out as text.
package struct JSONStyle: Sendable, Equatable {
    /// Spaces for each level, one member a line; nil puts everything on one line.
    package var indent: Int?
    /// Whether a space follows the commas (on one line) and the colons.
    package var spaces: Bool
    /// Whether the keys of objects are put in order of their bytes.
    package var sortsKeys: Bool
    /// Whether everything beyond ASCII is written as `\u` escapes.
    package var escapesNonASCII: Bool

    /// A style of one's own.
    package init(indent: Int? = nil, spaces: Bool = true, sortsKeys: Bool = false, escapesNonASCII: Bool = false) {
        self.indent = indent
        self.spaces = spaces
        self.sortsKeys = sortsKeys
        self.escapesNonASCII = escapesNonASCII
    }

    /// The shortest text, on one line.
    package static let compact = JSONStyle(spaces: false)
    /// One line, as Python's `json.dumps(value)` writes it.
    package static let python = JSONStyle(escapesNonASCII: true)
    /// Lines indented by two, keys in the order given, as `json.dumps(value, indent=2, ensure_ascii=False)`.
    package static let pretty = JSONStyle(indent: 2)
    /// Lines indented by two, keys sorted, as `json.dumps(value, indent=2, sort_keys=True)`; transformers' configurations.
    package static let prettySorted = JSONStyle(indent: 2, sortsKeys: true, escapesNonASCII: true)
}

extension JSON {
    /// The value as JSON text without a line end; reading it again gives an equal value.
    ///
    /// Numbers that are not finite are written `NaN`, `Infinity` and `-Infinity`, as Python does.
    package func text(_ style: JSONStyle = .compact) -> String {
        var writer = JSONWriter(style: style)
        writer.write(self, level: 0)
        return writer.text
    }
}

/// Text under construction.
private struct JSONWriter {
    let style: JSONStyle
    var text = ""

    init(style: JSONStyle) { self.style = style }

    mutating func write(_ value: JSON, level: Int) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += value.pythonText
        case .string(let value): write(value)
        case .array(let elements): write(elements, level: level)
        case .object(let members): write(members, level: level)
        }
    }

    private mutating func write(_ elements: [JSON], level: Int) {
        guard !elements.isEmpty else { return text += "[]" }
        text += "["
        for (index, element) in elements.enumerated() {
            startItem(index, level: level + 1)
            write(element, level: level + 1)
        }
        endItems(level: level)
        text += "]"
    }

    private mutating func write(_ members: JSONObject, level: Int) {
        guard !members.isEmpty else { return text += "{}" }
        text += "{"
        let order =
            style.sortsKeys
            ? members.keys.indices.sorted { members.keys[$0].utf8.lexicographicallyPrecedes(members.keys[$1].utf8) }
            : Array(members.keys.indices)
        for (index, member) in order.enumerated() {
            startItem(index, level: level + 1)
            write(members.keys[member])
            text += style.spaces ? ": " : ":"
            write(members.values[member], level: level + 1)
        }
        endItems(level: level)
        text += "}"
    }

    private mutating func startItem(_ index: Int, level: Int) {
        if index > 0 { text += style.spaces && style.indent == nil ? ", " : "," }
        breakLine(level: level)
    }

    private mutating func endItems(level: Int) {
        breakLine(level: level)
    }

    private mutating func breakLine(level: Int) {
        guard let indent = style.indent else { return }
        text += "\n" + String(repeating: " ", count: indent * level)
    }

    private mutating func write(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{08}": text += "\\b"
            case "\u{0C}": text += "\\f"
            case _ where scalar.value < 0x20 || (style.escapesNonASCII && scalar.value > 0x7E):
                for unit in UTF16.encode(scalar) ?? UTF16.EncodedScalar() { text += unit.jsonEscape }
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension UInt16 {
    /// The code unit as `\u` and four hexadecimal digits.
    fileprivate var jsonEscape: String {
        let digits = String(self, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}

extension Double {
    /// The shortest text that reads back as this number, laid out as Python's `repr`.
    package var pythonText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self < 0 ? "-Infinity" : "Infinity" }
        let text = description
        // Swift turns to exponents at 2^53, Python at 10^16: in between the digits are written out.
        guard magnitude >= 0x1p53, magnitude < 1e16, let whole = Int64(exactly: self) else { return text }
        return "\(whole).0"
    }
}
