/// How far two words are apart.
enum EditDistance {
    /// Whether a name looks like another one misspelt: equal but for case and spaces, or one or two letters away.
    ///
    /// Short names (`K` and `Q`) and names that differ in a digit (`9 of hearts`) are taken to be meant.
    static func looksMisspelt(_ name: String, for other: String) -> Bool {
        guard name != other else { return false }
        let (left, right) = (simplified(name), simplified(other))
        guard left != right else { return true }
        guard min(left.count, right.count) >= 4, left.filter(\.isNumber) == right.filter(\.isNumber) else {
            return false
        }
        let allowed = min(left.count, right.count) >= 8 ? 2 : 1
        return abs(left.count - right.count) <= allowed && between(left, right) <= allowed
    }

    /// The least number of letters to insert, delete, replace or swap with a neighbour (optimal string alignment).
    static func between(_ left: [Character], _ right: [Character]) -> Int {
        var beforePrevious = [Int](repeating: 0, count: right.count + 1)
        var previous = Array(0...right.count)
        for i in left.indices {
            var current = [i + 1]
            for j in right.indices {
                var least = min(previous[j] + (left[i] == right[j] ? 0 : 1), previous[j + 1] + 1, current[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    least = min(least, beforePrevious[j - 1] + 1)
                }
                current.append(least)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }

    private static func simplified(_ name: String) -> [Character] {
        name.lowercased().filter { !$0.isWhitespace && $0 != "-" && $0 != "_" }
    }
}
