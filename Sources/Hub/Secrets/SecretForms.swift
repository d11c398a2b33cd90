import FoundationEssentials

/// The ways in which a value turns up in text.
enum SecretForms {
    /// Shorter pieces of base64 turn up by chance.
    private static let minimumBase64Count = 6
    /// Shorter lines of a value of several lines are not hidden by themselves.
    private static let minimumLineCount = 8

    /// The bytes of every form of a value, with repetitions.
    static func all(of value: String) -> [[UInt8]] {
        let bytes = Array(value.utf8)
        var forms = [bytes, percentEncoded(bytes, "0123456789ABCDEF"), percentEncoded(bytes, "0123456789abcdef")]
        forms += forms.suffix(2).map { $0.replacing(Array("%20".utf8), with: [UInt8(ascii: "+")]) }
        forms += jsonEscaped(value)
        forms += base64(bytes)
        let lines: [Substring] = value.split(whereSeparator: \.isNewline).filter { $0.count >= minimumLineCount }
        if lines.count > 1 || lines.first?.count != value.count { forms += lines.map { Array($0.utf8) } }
        return forms.filter { !$0.isEmpty }
    }

    /// Everything but unreserved characters as `%` and two digits.
    private static func percentEncoded(_ bytes: [UInt8], _ digits: String) -> [UInt8] {
        let digits = Array(digits.utf8)
        return bytes.flatMap { byte -> [UInt8] in
            byte.isWordByte || Set("-.~".utf8).contains(byte)
                ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }

    /// As the inside of a JSON string: with and without escapes beyond ASCII, with and without `\/`.
    private static func jsonEscaped(_ value: String) -> [[UInt8]] {
        var forms: [[UInt8]] = []
        for isASCII in [false, true] {
            let escaped = value.unicodeScalars.map { jsonEscaped($0, isASCII: isASCII) }.joined()
            forms.append(Array(escaped.utf8))
            forms.append(Array(escaped.replacing("/", with: "\\/").utf8))
        }
        return forms
    }

    private static func jsonEscaped(_ scalar: Unicode.Scalar, isASCII: Bool) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case "\u{08}": return "\\b"
        case "\u{0C}": return "\\f"
        default:
            guard scalar.value < 0x20 || (isASCII && scalar.value > 0x7E) else { return String(scalar) }
            return String(scalar).utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }
    }

    /// The value in base64 of both alphabets: by itself, and as it looks inside of a longer text, where it may start at
    /// the first, second or third byte of a group, and where only the digits that its own bits decide are the same.
    private static func base64(_ bytes: [UInt8]) -> [[UInt8]] {
        let whole = Data(bytes).base64EncodedString()
        var forms = [whole, whole.replacing("=", with: "")]
        for offset in 0..<3 {
            let encoded = Data([UInt8](repeating: 0, count: offset) + bytes).base64EncodedString().replacing(
                "=", with: "")
            let firstWhole = (offset * 8 + 5) / 6
            let lastWhole = (offset + bytes.count) * 8 / 6
            let core = encoded.prefix(lastWhole).dropFirst(firstWhole)
            if core.count >= minimumBase64Count { forms.append(String(core)) }
        }
        forms += forms.map { $0.replacing("+", with: "-").replacing("/", with: "_") }
        return forms.map { Array($0.utf8) }
    }
}
