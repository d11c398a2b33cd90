/// "Did you mean": names near a mistyped one.
package enum Suggestions {
    /// At most three names near the given one, nearest first, ties in the order given.
    ///
    /// A name is near when about a third of its letters (at least one) would have to change, or when one begins the other.
    package static func nearest(to word: String, among names: some Sequence<String>) -> [String] {
        let typed = Array(word.lowercased())
        guard !typed.isEmpty else { return [] }
        let limit = min(typed.count - 1, max(1, (typed.count + 1) / 3))
        var near: [(name: String, distance: Int)] = []
        for name in names {
            let candidate = Array(name.lowercased())
            let distance = editDistance(typed, candidate)
            let begins = typed.count >= 2 && (candidate.starts(with: typed) || typed.starts(with: candidate))
            if distance <= limit { near.append((name, distance)) } else if begins { near.append((name, limit + 1)) }
        }
        let ordered = near.enumerated().sorted { ($0.element.distance, $0.offset) < ($1.element.distance, $1.offset) }
        return ordered.prefix(3).map(\.element.name)
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into another.
    static func editDistance(_ first: [Character], _ second: [Character]) -> Int {
        if first.isEmpty || second.isEmpty { return max(first.count, second.count) }
        var beforeLast: [Int] = []
        var last = Array(0...second.count)
        for i in 1...first.count {
            var row = [i]
            for j in 1...second.count {
                let change = first[i - 1] == second[j - 1] ? 0 : 1
                var best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + change)
                if i > 1, j > 1, first[i - 1] == second[j - 2], first[i - 2] == second[j - 1] {
                    best = min(best, beforeLast[j - 2] + 1)
                }
                row.append(best)
            }
            beforeLast = last
            last = row
        }
        return last[second.count]
    }
}
