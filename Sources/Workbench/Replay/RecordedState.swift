/// What the parts of the state were in a recording, as far as the cells up to here say.
struct RecordedState {
    private var digests: [String: String] = [:]

    /// Takes in what a recorded cell changed.
    mutating func apply(_ parts: [StatePart]) {
        for part in parts {
            let slot = StateSummary.slot(part)
            if part.name.hasSuffix(".*") {
                for name in digests.keys where name.hasPrefix(slot + ".") { digests[name] = nil }
            } else {
                digests[slot + ".*"] = nil
            }
            digests[part.name] = part.digest
        }
    }

    /// The first part of a state that is not as recorded: of what the cell changed then, of all else that is recorded,
    /// and of what it changes now and did not change then.
    func firstDifference(
        in state: StateDigest, changedThen: [StatePart], changedNow: [StatePart]
    ) -> String? {
        let names = changedThen.map(\.name) + digests.keys.sorted()
        let differing = names.first { name in
            digests[name].map { $0 != (StateSummary.part(named: name, in: state)?.digest ?? StateSummary.emptied) }
                ?? false
        }
        return differing
            ?? changedNow.map(\.name).first { name in
                digests[name] == nil && !changedThen.contains { $0.name == name }
            }
    }
}
