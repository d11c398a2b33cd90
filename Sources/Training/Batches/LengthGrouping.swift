/// Puts examples of about the same length side by side, so that little of a batch is padding.
///
/// - Source: transformers' `get_length_grouped_indices`.
enum LengthGrouping {
    /// Parts of a shuffled order, each sorted with the longest first; the longest of all comes first.
    ///
    /// - Parameters:
    ///   - shuffled: the places of all examples.
    ///   - lengths: of each place, in tokens.
    ///   - batchSize: examples of one update.
    static func order(_ shuffled: [Int], lengths: [Int], batchSize: Int) -> [Int] {
        let size = max(1, min(shuffled.count / (batchSize * 4), 50)) * batchSize
        var parts = stride(from: 0, to: shuffled.count, by: size).map { start in
            let part = shuffled[start..<min(start + size, shuffled.count)]
            return part.enumerated().sorted {
                let (left, right) = (lengths[$0.element], lengths[$1.element])
                return left == right ? $0.offset < $1.offset : left > right
            }.map(\.element)
        }
        let longest = parts.indices.reduce(0) { lengths[parts[$1][0]] > lengths[parts[$0][0]] ? $1 : $0 }
        guard longest > 0 else { return parts.flatMap { $0 } }
        let first = parts[0][0]
        parts[0][0] = parts[longest][0]
        parts[longest][0] = first
        return parts.flatMap { $0 }
    }
}
