/// The members of a JSON object in the order they were written.
///
/// Keys are compared byte by byte: `é` as one code point and as `e` with an accent are two keys, which Swift's own string
/// comparison would take for one.
package struct JSONObject: Sendable {
    /// The keys, in order.
    package private(set) var keys: [String] = []
    /// The values, in the order of `keys`.
    package private(set) var values: [JSON] = []
    private var positions: [ExactKey: Int] = [:]

    /// Below this many keys a walk over them is quicker than a dictionary.
    private static let indexedCount = 8

    /// An object without members.
    package init() {}

    /// The number of members.
    package var count: Int { keys.count }

    /// Whether there are no members.
    package var isEmpty: Bool { keys.isEmpty }

    /// The value under a key; storing nil takes the member out.
    package subscript(key: String) -> JSON? {
        get { position(of: key).map { values[$0] } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): values[position] = value
            case (let position?, nil): remove(at: position)
            case (nil, let value?): append(key, value)
            case (nil, nil): break
            }
        }
    }

    /// Adds a member at the end, or returns false if the key is there already.
    package mutating func insert(_ value: JSON, forKey key: String) -> Bool {
        guard keys.count >= Self.indexedCount else {
            guard position(of: key) == nil else { return false }
            append(key, value)
            return true
        }
        indexKeysIfNeeded()
        let exact = ExactKey(text: key)
        if let earlier = positions.updateValue(keys.count, forKey: exact) {
            positions[exact] = earlier
            return false
        }
        keys.append(key)
        values.append(value)
        return true
    }

    private func position(of key: String) -> Int? {
        if positions.isEmpty {
            return keys.firstIndex { ExactKey(text: $0) == ExactKey(text: key) }
        }
        return positions[ExactKey(text: key)]
    }

    private mutating func append(_ key: String, _ value: JSON) {
        if keys.count >= Self.indexedCount { indexKeysIfNeeded() }
        if !positions.isEmpty { positions[ExactKey(text: key)] = keys.count }
        keys.append(key)
        values.append(value)
    }

    private mutating func remove(at position: Int) {
        keys.remove(at: position)
        values.remove(at: position)
        positions = [:]
        if keys.count >= Self.indexedCount { indexKeysIfNeeded() }
    }

    private mutating func indexKeysIfNeeded() {
        guard positions.isEmpty else { return }
        for (position, key) in keys.enumerated() { positions[ExactKey(text: key)] = position }
    }
}

extension JSONObject: Sequence {
    /// The members in order.
    package func makeIterator() -> Zip2Sequence<[String], [JSON]>.Iterator {
        zip(keys, values).makeIterator()
    }
}

extension JSONObject: Equatable {
    /// Whether both hold the same members, in whatever order.
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { key, value in right[key] == value }
    }
}
