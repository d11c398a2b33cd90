/// Notes what running cells read and write, and keeps the present version of every piece of state.
///
/// Reads are noted as they happen; writes are found after each statement by comparing what is there with what was, so that
/// a model that changes in place counts as well.
package final class EffectTracker {
    /// The present version of each piece, and the cell that made it.
    struct Ledger {
        fileprivate var pieces: [String: Piece] = [:]
    }

    /// A piece as one observes it after a statement.
    struct Observation {
        /// Tells contents apart without reading them.
        let key: String
        /// The version of contents that are new; nil for a number of its own.
        let version: () -> StateVersion?
    }

    fileprivate struct Piece {
        var key: String
        var version: StateVersion
        var writer: String?
    }

    private struct Frame {
        let cell: String
        var effects = CellEffects()
        var readInStatement: Set<String> = []
        var assignedInStatement: Set<String> = []
        var writtenFiles: Set<String> = []
    }

    private struct Origin: Hashable {
        let name: String
        let version: StateVersion
    }

    /// What is known of the present; saved and brought back together with the state.
    var ledger = Ledger()
    private var frames: [Frame] = []
    /// The version that another was made from, in place.
    private var origins: [Origin: StateVersion] = [:]
    private var lastNumber = 0

    /// A tracker that has seen nothing.
    init() {}

    /// A number that was not given before.
    func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    /// Begins to note for a cell; cells that it runs itself are noted apart.
    func begin(_ cell: String) { frames.append(Frame(cell: cell)) }

    /// Ends the cell that began last.
    func end() -> CellEffects { frames.popLast()?.effects ?? CellEffects() }

    /// Notes that the running cell depends on a piece.
    func noteRead(_ name: String) {
        guard let place = frames.indices.last, !frames[place].assignedInStatement.contains(name) else { return }
        frames[place].readInStatement.insert(name)
        guard frames[place].effects.readVersions[name] == nil, frames[place].effects.writtenVersions[name] == nil
        else { return }
        frames[place].effects.readVersions[name] = version(of: name)
    }

    /// Notes that the running cell gives a piece a new value, which it may then read without depending on the old one.
    func noteAssignment(_ name: String) {
        guard let place = frames.indices.last else { return }
        frames[place].assignedInStatement.insert(name)
    }

    /// Notes that the running cell reads a file or folder, or what cells wrote in it.
    func noteRead(file path: String) {
        for name in ledger.pieces.keys where name.hasPrefix("file:") {
            let written = name.dropFirst("file:".count)
            if written == path || written.hasPrefix(path + "/") || path.hasPrefix(written + "/") { noteRead(name) }
        }
    }

    /// Notes that the running cell writes a file or folder.
    func noteWrite(file path: String) {
        guard let place = frames.indices.last else { return }
        frames[place].writtenFiles.insert("file:" + path)
    }

    /// Compares the state after a statement with the state before it.
    func endStatement(_ present: [String: Observation]) {
        guard let place = frames.indices.last else { return }
        for (name, observation) in present where ledger.pieces[name]?.key != observation.key {
            note(name, key: observation.key, observation.version() ?? uniqueVersion(), in: place)
        }
        for name in ledger.pieces.keys where present[name] == nil && !name.hasPrefix("file:") {
            note(name, key: nil, .absent, in: place)
        }
        for name in frames[place].writtenFiles { note(name, key: "", uniqueVersion(), in: place) }
        frames[place].writtenFiles = []
        frames[place].readInStatement = []
        frames[place].assignedInStatement = []
    }

    /// Takes the state as it is for the beginning of a cell, whoever made it so.
    func refresh(_ present: [String: Observation]) {
        for (name, observation) in present where ledger.pieces[name]?.key != observation.key {
            ledger.pieces[name] = Piece(
                key: observation.key, version: observation.version() ?? uniqueVersion(), writer: nil)
        }
        for name in ledger.pieces.keys where present[name] == nil && !name.hasPrefix("file:") {
            ledger.pieces[name] = nil
        }
    }

    /// The inputs of a cell that are no longer what it found, in the order of their names.
    ///
    /// A cell that changed a piece in place is judged by whether its change is still in what is there now.
    func changedInputs(since effects: CellEffects) -> [ChangedInput] {
        effects.readVersions.keys.sorted().compactMap { name in
            let present = version(of: name)
            if let written = effects.writtenVersions[name] {
                if isIn(present, written, name) { return nil }
            } else if present == effects.readVersions[name] {
                return nil
            }
            return ChangedInput(name: name, cell: ledger.pieces[name]?.writer)
        }
    }
}

extension EffectTracker {
    private func version(of name: String) -> StateVersion { ledger.pieces[name]?.version ?? .absent }

    private func uniqueVersion() -> StateVersion { StateVersion("#\(nextNumber())") }

    private func note(_ name: String, key: String?, _ new: StateVersion, in place: Int) {
        let old = version(of: name)
        if old != new, frames[place].readInStatement.contains(name) {
            origins[Origin(name: name, version: new)] = old
        }
        ledger.pieces[name] = key.map { Piece(key: $0, version: new, writer: frames[place].cell) }
        frames[place].effects.writtenVersions[name] = new
    }

    /// Whether a version is the present one, or one that it was made from in place.
    private func isIn(_ present: StateVersion, _ version: StateVersion, _ name: String) -> Bool {
        var seen: Set<StateVersion> = []
        var next: StateVersion? = present
        while let candidate = next, seen.insert(candidate).inserted {
            if candidate == version { return true }
            next = origins[Origin(name: name, version: candidate)]
        }
        return false
    }
}
