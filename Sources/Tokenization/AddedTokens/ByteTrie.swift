/// A tree of byte strings, each with a value.
struct ByteTrie: Sendable {
    /// The node after each first byte, or -1: most positions of a text end here.
    private var roots = [Int32](repeating: -1, count: 256)
    /// The node after a node and a byte, under `node << 8 | byte`.
    private var edges: [UInt64: Int32] = [:]
    /// The value of the string that ends at each node, or -1.
    private var values: [Int] = []

    /// Adds a string of at least one byte; a later value replaces an earlier one.
    mutating func insert(_ bytes: [UInt8], value: Int) {
        guard let first = bytes.first else { return }
        if roots[Int(first)] < 0 { roots[Int(first)] = makeNode() }
        var node = roots[Int(first)]
        for byte in bytes.dropFirst() {
            let edge = Self.edge(node, byte)
            if let next = edges[edge] {
                node = next
            } else {
                let next = makeNode()
                edges[edge] = next
                node = next
            }
        }
        values[Int(node)] = value
    }

    /// The longest string that starts at an index of a text and ends at or before another.
    func longestMatch(in text: [UInt8], from start: Int, to limit: Int) -> (value: Int, end: Int)? {
        guard start < limit else { return nil }
        var node = roots[Int(text[start])]
        var position = start + 1
        var longest: (value: Int, end: Int)?
        while node >= 0 {
            if values[Int(node)] >= 0 { longest = (values[Int(node)], position) }
            guard position < limit else { break }
            node = edges[Self.edge(node, text[position])] ?? -1
            position += 1
        }
        return longest
    }

    private mutating func makeNode() -> Int32 {
        values.append(-1)
        return Int32(values.count - 1)
    }

    private static func edge(_ node: Int32, _ byte: UInt8) -> UInt64 {
        UInt64(node) << 8 | UInt64(byte)
    }
}
