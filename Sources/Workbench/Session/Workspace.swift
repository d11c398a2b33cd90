import Console

/// A place in the workspace for one kind of thing: the model, the dataset, the last detections.
///
/// A group of commands declares its own slots, and nothing else needs to know them:
///
///     enum ModelSlot: WorkspaceSlot {
///         static let name = "model"
///         static func summary(of model: PaliGemma) -> Text { "\(model.parameterCount) parameters" }
///         static func stateParts(of model: PaliGemma) -> [StatePart] { ... }
///     }
///     context.workspace[ModelSlot.self] = model
package protocol WorkspaceSlot {
    /// What the slot holds.
    associatedtype Value
    /// The slot's name, as `vars` and the state digest show it.
    static var name: String { get }
    /// One line about the value for `vars`.
    static func summary(of value: Value) -> Text
    /// The parts of the value that a replay must find equal; names are prefixed by the slot's.
    static func stateParts(of value: Value) -> [StatePart]
    /// Names in the value that Tab offers, such as splits; none unless the slot says so.
    static func names(of family: LiveNames, in value: Value) -> [String]
    /// Whether cells depend on the value; false for what is only kept to be quick.
    static var isTracked: Bool { get }
    /// Counts how often a value has changed in place; 0 for values that do not.
    static func revision(of value: Value) -> Int
    /// How many bytes `stateParts` looks at.
    static func digestedByteCount(of value: Value) -> Int
    /// What a value that changes in place is now; nil for values that do not.
    static func keep(_ value: Value) -> (any KeptValue)?
}

extension WorkspaceSlot {
    package static func names(of family: LiveNames, in value: Value) -> [String] { [] }
    package static var isTracked: Bool { true }
    package static func revision(of value: Value) -> Int { 0 }
    package static func digestedByteCount(of value: Value) -> Int { 0 }
    package static func keep(_ value: Value) -> (any KeptValue)? { nil }
}

/// What the session keeps between cells, one value in each slot.
package struct Workspace {
    private struct Entry {
        let name: String
        let value: Any
        let stamp: Int
        let isTracked: Bool
        let revision: () -> Int
        let keep: () -> (any KeptValue)?
        let digestedByteCount: () -> Int
        let summary: () -> Text
        let stateParts: () -> [StatePart]
        let names: (LiveNames) -> [String]
    }

    private var entries: [ObjectIdentifier: Entry] = [:]
    private let tracker: EffectTracker

    /// Makes an empty workspace, whose reads `tracker` notes.
    package init(tracker: EffectTracker = EffectTracker()) { self.tracker = tracker }

    /// The value in a slot; nil while it is empty.
    package subscript<Slot: WorkspaceSlot>(slot: Slot.Type) -> Slot.Value? {
        get {
            if slot.isTracked { tracker.noteRead(slot.name) }
            return entries[ObjectIdentifier(slot)]?.value as? Slot.Value
        }
        set {
            if slot.isTracked { tracker.noteAssignment(slot.name) }
            let stamp = tracker.nextNumber()
            entries[ObjectIdentifier(slot)] = newValue.map { value in
                Entry(
                    name: slot.name, value: value, stamp: stamp, isTracked: slot.isTracked,
                    revision: { slot.revision(of: value) }, keep: { slot.keep(value) },
                    digestedByteCount: { slot.digestedByteCount(of: value) },
                    summary: { slot.summary(of: value) },
                    stateParts: { slot.stateParts(of: value) }, names: { slot.names(of: $0, in: value) })
            }
        }
    }

    /// The names and summaries of the filled slots, in the order of their names.
    package var summaries: [(name: String, summary: Text)] {
        entries.values.sorted { $0.name < $1.name }.map { entry in
            if entry.isTracked { tracker.noteRead(entry.name) }
            return (entry.name, entry.summary())
        }
    }

    /// Names of a family in all slots, in order.
    package func names(of family: LiveNames) -> [String] { entries.values.flatMap { $0.names(family) }.sorted() }

    /// The state of every filled slot.
    package var stateParts: [StatePart] {
        entries.values.flatMap { entry in
            entry.stateParts().map { StatePart(name: "\(entry.name).\($0.name)", digest: $0.digest) }
        }
    }

    /// How many bytes `stateParts` has to look at.
    var digestedByteCount: Int { entries.values.reduce(0) { $0 + $1.digestedByteCount() } }

    /// What the filled slots are now, by name; contents of more than `digestLimit` bytes are told apart by number alone.
    func observations(digestLimit: Int) -> [(name: String, EffectTracker.Observation)] {
        entries.values.filter(\.isTracked).map { entry in
            let observation = EffectTracker.Observation(key: "\(entry.stamp).\(entry.revision())") {
                () -> StateVersion? in
                guard entry.digestedByteCount() <= digestLimit else { return nil }
                return StateVersion(StateDigest(entry.stateParts()).text)
            }
            return (entry.name, observation)
        }
    }

    /// What the tracked values are now; where `earlier` has the same key, what was kept then is taken again.
    func kept(since earlier: SavedState?) -> (values: [String: any KeptValue], keys: [String: String]) {
        var values: [String: any KeptValue] = [:]
        var keys: [String: String] = [:]
        for entry in entries.values where entry.isTracked {
            let key = "\(entry.stamp).\(entry.revision())"
            keys[entry.name] = key
            values[entry.name] = earlier?.keys[entry.name] == key ? earlier?.kept[entry.name] : entry.keep()
        }
        return (values, keys)
    }

    /// This workspace with what is not tracked, such as the open device, taken from another.
    func keepingUntracked(of present: Workspace) -> Workspace {
        var copy = self
        copy.entries = entries.filter(\.value.isTracked)
        copy.entries.merge(present.entries.filter { !$0.value.isTracked }) { mine, _ in mine }
        return copy
    }
}
