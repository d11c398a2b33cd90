/// What tokens of well-known services look like, so that one that nobody set is hidden too.
struct TokenShape: Sendable {
    /// The bytes before the token: in lower case, unless they are part of it.
    private let label: [UInt8]
    /// Whether the label is part of the token, and so must be written just as it is.
    private let isPrefix: Bool
    /// Whether a token that begins with its label may hold underscores behind it.
    private let underscores: Bool
    /// Fewer characters than this are no token.
    private let minimumCount: Int
    /// The name that is shown.
    private let name: String

    /// The shapes, by the lower-case first byte of their label.
    private static let shapes: [[TokenShape]] = {
        var table = [[TokenShape]](repeating: [], count: 256)
        let all = [
            TokenShape("hf_", isPrefix: true, minimumCount: 16, name: "HF_TOKEN"),
            TokenShape("rf_", isPrefix: true, minimumCount: 12, name: "ROBOFLOW_API_KEY"),
            TokenShape("ghp_", isPrefix: true, minimumCount: 30, name: "GITHUB_TOKEN"),
            TokenShape("gho_", isPrefix: true, minimumCount: 30, name: "GITHUB_TOKEN"),
            TokenShape("ghs_", isPrefix: true, minimumCount: 30, name: "GITHUB_TOKEN"),
            TokenShape("github_pat_", isPrefix: true, underscores: true, minimumCount: 20, name: "GITHUB_TOKEN"),
            TokenShape("AKIA", isPrefix: true, minimumCount: 16, name: "AWS_ACCESS_KEY_ID"),
            TokenShape("api_key", isPrefix: false, minimumCount: 16, name: "API_KEY"),
            TokenShape("api-key", isPrefix: false, minimumCount: 16, name: "API_KEY"),
            TokenShape("apikey", isPrefix: false, minimumCount: 16, name: "API_KEY"),
            TokenShape("access_token", isPrefix: false, minimumCount: 16, name: "ACCESS_TOKEN"),
            TokenShape("bearer", isPrefix: false, minimumCount: 16, name: "ACCESS_TOKEN"),
        ]
        for shape in all { table[Int(shape.label[0].lowercased)].append(shape) }
        return table
    }()

    /// Whether a token may begin with a byte, for each byte.
    static let mayBegin = (0..<256).map { !shapes[Int(UInt8($0).lowercased)].isEmpty }

    private init(_ label: String, isPrefix: Bool, underscores: Bool = false, minimumCount: Int, name: String) {
        self.label = Array(label.utf8)
        self.isPrefix = isPrefix
        self.underscores = underscores
        self.minimumCount = minimumCount
        self.name = name
    }

    /// The token whose label starts at a position of a text: the range to be hidden, and the name to be shown.
    static func match(in text: UnsafeBufferPointer<UInt8>, at position: Int) -> (range: Range<Int>, name: String)? {
        let candidates = shapes[Int(text[position].lowercased)]
        guard !candidates.isEmpty else { return nil }
        for shape in candidates {
            if let range = shape.range(in: text, at: position) { return (range, shape.name) }
        }
        return nil
    }

    private func range(in text: UnsafeBufferPointer<UInt8>, at position: Int) -> Range<Int>? {
        guard position + label.count < text.count else { return nil }
        for offset in label.indices {
            let byte = text[position + offset]
            guard (isPrefix ? byte : byte.lowercased) == label[offset] else { return nil }
        }
        var start = position + label.count
        if isPrefix {
            guard position == 0 || !text[position - 1].isLetterOrDigit else { return nil }
        } else {
            start = Self.afterSeparators(in: text, from: start)
            guard start > position + label.count else { return nil }
        }
        var end = start
        while end < text.count, continues(text[end]) { end += 1 }
        // Words have no digits: "bearer authentication-scheme" is prose.
        guard end - start >= minimumCount, isPrefix || text[start..<end].contains(where: \.isDigit) else { return nil }
        return (isPrefix ? position : start)..<end
    }

    /// Whether a byte can be part of the token.
    private func continues(_ byte: UInt8) -> Bool {
        guard isPrefix else { return byte.isKeyByte }
        return underscores ? byte.isWordByte : byte.isLetterOrDigit
    }

    /// Passes over what stands between a label and its key.
    private static func afterSeparators(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var position = start
        while position < text.count, position - start < 8, text[position].isSeparator {
            position += 1
        }
        return position
    }
}

extension UInt8 {
    /// The byte with a capital letter of ASCII made small.
    fileprivate var lowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }

    /// Whether it is a digit of ASCII.
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// Whether it is a letter or digit of ASCII.
    fileprivate var isLetterOrDigit: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lowercased) || isDigit }

    /// Whether it is a letter or digit of ASCII, or an underscore.
    var isWordByte: Bool { isLetterOrDigit || self == UInt8(ascii: "_") }

    /// Whether it can be part of a key that follows a label.
    fileprivate var isKeyByte: Bool { isWordByte || Self.keyPunctuation.contains(self) }

    /// Whether it stands between a label and its key, in URLs, JSON, headers and Python.
    fileprivate var isSeparator: Bool { Self.separators.contains(self) }

    private static let keyPunctuation = Set("-.~+/".utf8)
    private static let separators = Set("=:\"'\\ ".utf8)
}
