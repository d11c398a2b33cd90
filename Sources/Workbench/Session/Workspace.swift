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
}

extension WorkspaceSlot {
    package static func names(of family: LiveNames, in value: Value) -> [String] { [] }
}

/// What the session keeps between cells, one value in each slot.
package struct Workspace {
    private struct Entry {
        let name: String
        let value: Any
        let summary: () -> Text
        let stateParts: () -> [StatePart]
        let names: (LiveNames) -> [String]
    }

    private var entries: [ObjectIdentifier: Entry] = [:]

    /// Makes an empty workspace.
    package init() {}

    /// The value in a slot; nil while it is empty.
    package subscript<Slot: WorkspaceSlot>(slot: Slot.Type) -> Slot.Value? {
        get { entries[ObjectIdentifier(slot)]?.value as? Slot.Value }
        set {
            entries[ObjectIdentifier(slot)] = newValue.map { value in
                Entry(
                    name: slot.name, value: value, summary: { slot.summary(of: value) },
                    stateParts: { slot.stateParts(of: value) }, names: { slot.names(of: $0, in: value) })
            }
        }
    }

    /// The names and summaries of the filled slots, in the order of their names.
    package var summaries: [(name: String, summary: Text)] {
        entries.values.sorted { $0.name < $1.name }.map { ($0.name, $0.summary()) }
    }

    /// Names of a family in all slots, in order.
    package func names(of family: LiveNames) -> [String] { entries.values.flatMap { $0.names(family) }.sorted() }

    /// The state of every filled slot.
    package var stateParts: [StatePart] {
        entries.values.flatMap { entry in
            entry.stateParts().map { StatePart(name: "\(entry.name).\($0.name)", digest: $0.digest) }
        }
    }
}
