/// Reads location text as `Detections.from_lmm` of supervision 0.25.1 does.
///
/// Its pattern is `(?<!<loc\d{4}>)<loc(\d{4})><loc(\d{4})><loc(\d{4})><loc(\d{4})> ([\w\s\-]+)` in Python's `re`:
/// four locations that no fifth one precedes, one space, then letters, digits, `_`, `-` and white space of any script.
/// Marks (such as vowel signs) are no word characters there, so names of many scripts are cut.
struct SupervisionTextReader {
    private let scalars: [Unicode.Scalar]

    /// Takes the text to read.
    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    /// The matches, in the order of the text; what does not match is passed over in silence.
    func readings() -> [LocationReading] {
        var readings: [LocationReading] = []
        var position = 0
        while position < scalars.count {
            if let (reading, end) = match(at: position) {
                readings.append(reading)
                position = end
            } else {
                position += 1
            }
        }
        return readings
    }

    private static let tokenLength = 9  // "<loc0000>"

    private func match(at start: Int) -> (LocationReading, end: Int)? {
        guard start < Self.tokenLength || location(at: start - Self.tokenLength) == nil else { return nil }
        var locations: [Int] = []
        for place in 0..<4 {
            guard let value = location(at: start + place * Self.tokenLength) else { return nil }
            locations.append(value)
        }
        let space = start + 4 * Self.tokenLength
        guard space < scalars.count, scalars[space] == " " else { return nil }
        let end = scalars[(space + 1)...].firstIndex { !$0.isPythonNameCharacter } ?? scalars.count
        guard end > space + 1 else { return nil }
        let name = String(String.UnicodeScalarView(scalars[(space + 1)..<end])).strippedAsInPython
        let text = String(String.UnicodeScalarView(scalars[start..<end]))
        return (.box(locations: locations, name: name, text: text), end)
    }

    /// The number in `<locDDDD>` at a position, or nil; any script's decimal digits count, as in Python.
    private func location(at start: Int) -> Int? {
        guard start >= 0, start + Self.tokenLength <= scalars.count,
            scalars[start..<start + 4].elementsEqual("<loc".unicodeScalars), scalars[start + 8] == ">"
        else { return nil }
        var value = 0
        for scalar in scalars[start + 4..<start + 8] {
            guard scalar.properties.numericType == .decimal, let digit = scalar.properties.numericValue else {
                return nil
            }
            value = value * 10 + Int(digit)
        }
        return value
    }
}

extension Unicode.Scalar {
    /// Whether Python's `[\w\s\-]` matches.
    fileprivate var isPythonNameCharacter: Bool {
        self == "_" || self == "-" || isPythonSpace || isPythonAlphanumeric
    }

    /// Whether Python's `str.isspace` holds: white space, and the four separators U+001C to U+001F.
    fileprivate var isPythonSpace: Bool {
        properties.isWhitespace || (0x1C...0x1F).contains(value)
    }

    /// Whether Python's `str.isalnum` holds: a letter, or any character with a numeric value.
    private var isPythonAlphanumeric: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: properties.numericType != nil
        }
    }
}

extension String {
    /// The text without what Python calls white space at its ends.
    fileprivate var strippedAsInPython: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.isPythonSpace }),
            let last = scalars.lastIndex(where: { !$0.isPythonSpace })
        else { return "" }
        return String(scalars[first...last])
    }
}
