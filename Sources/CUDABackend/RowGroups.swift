/// Rows by the index that each has, so that a block of threads can take all that go to one place.
struct RowGroups {
    /// The rows by index; those of one index in order.
    private(set) var order: [Int32]
    /// Where in `order` the rows of each index that is there begin, and its end.
    private(set) var starts: [Int32] = []

    /// How many indices are there.
    var count: Int { starts.count - 1 }

    /// Groups the rows of `indices`, none of which is negative.
    init(_ indices: [Int32]) {
        var ends = [Int32](repeating: 0, count: Int(indices.max() ?? -1) + 1)
        for index in indices { ends[Int(index)] += 1 }
        var end: Int32 = 0
        for index in ends.indices where ends[index] > 0 {
            starts.append(end)
            (end, ends[index]) = (end + ends[index], end)
        }
        starts.append(end)
        order = Array(repeating: 0, count: indices.count)
        for (row, index) in indices.enumerated() {
            order[Int(ends[Int(index)])] = Int32(row)
            ends[Int(index)] += 1
        }
    }
}
