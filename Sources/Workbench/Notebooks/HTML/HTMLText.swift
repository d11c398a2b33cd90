/// Text in a page.
enum HTMLText {
    /// The text with everything that means something in HTML escaped, in attributes too.
    static func escaped(_ text: some StringProtocol) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\r": break
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// An element with attributes; those without a value are left out. What stands inside is HTML already.
    static func element(_ name: String, _ attributes: [(String, String?)] = [], _ inside: String) -> String {
        let words = attributes.compactMap { key, value in value.map { " \(key)=\"\(escaped($0))\"" } }.joined()
        return "<\(name)\(words)>\(inside)</\(name)>"
    }

    /// A line of output: like `escaped`, and what stands for a value that varies is set apart.
    static func output(_ line: String) -> String {
        guard line.contains("[[") else { return escaped(line) }
        return LineTokens(line).tokens.map { token in
            guard case .mask(let mask, let text) = token else { return escaped(token.text) }
            return element("span", [("class", "mask"), ("title", "varies between runs")], escaped(mask.word ?? text))
        }.joined()
    }
}

extension Mask {
    /// What the mask stands for, in a word; nil for a number, which has its own.
    fileprivate var word: String? {
        switch self {
        case .value(.dur): "duration"
        case .value(.mem): "memory"
        case .value(.host): "this machine"
        case .value(.addr): "address"
        case .value(let kind): kind.rawValue
        case .any: "…"
        case .secret(let name): "secret \(name)"
        case .number: nil
        }
    }
}
