/// Which pieces of the session's state a cell read and wrote, and as what it found and left them.
///
/// Pieces are the workspace's slots by their names (`model`, `dataset`), `variable:NAME`, `setting:NAME`, and `file:PATH`
/// where a command says that it writes or reads one. A cell reads a piece only if it did not write it before.
package struct CellEffects: Sendable, Equatable {
    /// What each piece was when the cell read it.
    package internal(set) var readVersions: [String: StateVersion] = [:]
    /// What each piece was after the cell's last change of it.
    package internal(set) var writtenVersions: [String: StateVersion] = [:]

    /// The names of what the cell depends on.
    package var reads: Set<String> { Set(readVersions.keys) }

    /// The names of what the cell changed.
    package var writes: Set<String> { Set(writtenVersions.keys) }

    /// The effects of a cell that touched nothing.
    package init() {}
}

/// What a piece of state was at a time: equal versions of one piece are equal content.
///
/// A digest or the value itself where that is quickly told; else a number that no other version of the session has.
package struct StateVersion: Sendable, Hashable {
    /// The version as text.
    package let text: String

    init(_ text: String) { self.text = text }

    /// A piece that is not there.
    package static let absent = StateVersion("")
}

/// A piece that is no longer what a cell found.
package struct ChangedInput: Sendable, Equatable {
    /// The piece.
    package var name: String
    /// The cell that changed it last; nil if no cell did.
    package var cell: String?

    /// The piece in words: `model`, `variable x`, `seed`.
    package var title: String {
        if name.hasPrefix("setting:") { return String(name.dropFirst("setting:".count)) }
        return name.replacing(":", with: " ", maxReplacements: 1)
    }
}
