import Tensors

/// The states that a session was in, one after each cell: a tree, since one may go back and go on differently.
///
/// States name memory and copy nothing, so a cell that only read costs nothing; memory that the present does not use any
/// more counts against the budget.
struct StateHistory {
    /// A state, the cell that led to it, and the state it began from.
    struct Point {
        /// The cell's name; nil for the beginning.
        let cell: String?
        /// The place of the point before; nil for the beginning.
        let parent: Int?
        /// What the cell, and cells that it ran, ended in.
        fileprivate(set) var results: [CellResult] = []
        /// The state; nil once it had to go.
        var saved: SavedState?

        /// The pieces of state that the cell changed; files are not taken back and do not count.
        var changes: Set<String> {
            results.reduce(into: []) { names, result in
                names.formUnion(result.effects.writes.filter { !$0.hasPrefix("file:") })
            }
        }
    }

    /// All points, oldest first.
    private(set) var points: [Point] = []
    /// The place of the point that the session is at.
    private(set) var present = 0
    /// Names given by `branch`, with the places of their points.
    private(set) var branches: [String: Int] = [:]

    /// The places from the beginning to the present.
    var path: [Int] {
        var places: [Int] = []
        var next: Int? = points.isEmpty ? nil : present
        while let place = next {
            places.append(place)
            next = points[place].parent
        }
        return places.reversed()
    }

    /// Begins with a state, or takes one for the present.
    mutating func setPresent(_ saved: SavedState) {
        if points.isEmpty {
            points.append(Point(cell: nil, parent: nil, saved: saved))
        } else {
            points[present].saved = saved
        }
    }

    /// Adds the state after a cell.
    mutating func add(_ saved: SavedState, after cell: String) {
        points.append(Point(cell: cell, parent: present, saved: saved))
        present = points.count - 1
    }

    /// Notes what the cell before the present ended in, and cells that it ran.
    mutating func setResults(_ results: [CellResult]) { points[present].results = results }

    /// Says how the cell before the present ended when it ran first.
    mutating func setEnd(status: CellStatus, duration: Double) {
        guard let last = points[present].results.indices.last else { return }
        points[present].results[last].status = status
        points[present].results[last].duration = duration
    }

    /// Makes a point the present one.
    mutating func move(to place: Int) { present = place }

    /// Names a point.
    mutating func name(_ place: Int, _ name: String) { branches[name] = place }

    /// The last point that a cell, a branch or `start` names.
    func place(named name: String) -> Int? {
        if let place = branches[name] { return place }
        if let place = points.lastIndex(where: { $0.cell == name }) { return place }
        return name == "start" && !points.isEmpty ? 0 : nil
    }

    /// The last cell on the way to the present that changed the state.
    var lastChange: Int? { path.last { !points[$0].changes.isEmpty } }

    /// Every cell in the order of its first run, with its last result on the way to the present; others are marked undone.
    func cells(adding pending: [CellResult]) -> [CellResult] {
        var order: [String] = []
        var last: [String: CellResult] = [:]
        for result in points.flatMap(\.results) {
            var undone = result
            undone.isUndone = true
            if last.updateValue(undone, forKey: result.cell.id) == nil { order.append(result.cell.id) }
        }
        for result in path.flatMap({ points[$0].results }) + pending {
            if last.updateValue(result, forKey: result.cell.id) == nil { order.append(result.cell.id) }
        }
        return order.compactMap { last[$0] }
    }

    /// A state in words: `after cell train`.
    func title(of place: Int) -> String {
        points[place].cell.map { "after cell \($0)" } ?? "of the beginning"
    }

    /// The cells whose states can be gone back to, newest first, a few of them.
    var reachable: [String] {
        points.filter { $0.saved != nil }.suffix(4).reversed().map { "rewind \($0.cell ?? "start")" }
    }
}

extension StateHistory {
    /// Lets the oldest states go until what is kept besides the present fits; returns the cells whose states went.
    ///
    /// - Parameters:
    ///   - budget: in bytes.
    ///   - overwritten: memory of the present that is about to be written to, and so copied first.
    ///   - keepsPresent: whether the present itself must stay.
    mutating func trim(to budget: Int, overwriting overwritten: [any Storage] = [], keepsPresent: Bool = true) -> [Int]
    {
        guard !points.isEmpty else { return [] }
        var inUse = Set((points[present].saved?.storages ?? []).map(ObjectIdentifier.init))
        inUse.subtract(overwritten.map(ObjectIdentifier.init))
        var gone: [Int] = []
        let named = Set(branches.values)
        var candidates = points.indices.filter { points[$0].saved != nil && $0 != present }
            .sorted { (named.contains($0) ? 1 : 0, $0) < (named.contains($1) ? 1 : 0, $1) }
        if !keepsPresent { candidates.append(present) }
        var rest = candidates[...]
        while byteCount(besides: inUse) > budget, let oldest = rest.popFirst() {
            points[oldest].saved = nil
            gone.append(oldest)
        }
        return gone
    }

    /// The bytes that states hold besides the memory in use.
    func byteCount(besides inUse: Set<ObjectIdentifier>) -> Int {
        var counted = inUse
        var values: Set<ObjectIdentifier> = []
        var sum = 0
        for point in points {
            for value in point.saved?.kept.values ?? [:].values where values.insert(ObjectIdentifier(value)).inserted {
                for storage in value.storages where counted.insert(ObjectIdentifier(storage)).inserted {
                    sum += storage.byteCount
                }
            }
        }
        return sum
    }

    /// Whether a state that is kept names some of this memory.
    func names(_ storages: [any Storage]) -> Bool {
        let wanted = Set(storages.map(ObjectIdentifier.init))
        return points.contains { point in
            point.saved?.storages.contains { wanted.contains(ObjectIdentifier($0)) } ?? false
        }
    }
}

extension SavedState {
    var storages: [any Storage] { kept.values.flatMap(\.storages) }
}
