/// A text put in the place of another wherever that occurs, left to right.
struct Replacement: Equatable, Sendable {
    /// What is looked for; at least one byte.
    let pattern: [UInt8]
    /// What takes its place.
    let content: [UInt8]

    /// Replaces a text, which must not be empty, by another.
    init(_ pattern: String, by content: String) {
        precondition(!pattern.isEmpty, "nothing to look for")
        self.pattern = Array(pattern.utf8)
        self.content = Array(content.utf8)
    }

    /// Writes spaces as `▁`, as Gemma's tokenizer does.
    static let markedSpaces = Replacement(" ", by: "▁")

    /// The text with every occurrence replaced.
    func applied(to text: some RandomAccessCollection<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + 16)
        var rest = text[...]
        while let first = rest.first {
            if first == pattern[0], rest.starts(with: pattern) {
                result.append(contentsOf: content)
                rest = rest.dropFirst(pattern.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
