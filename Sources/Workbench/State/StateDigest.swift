/// A named part of the session's state with its digest, such as `model.weights`.
package struct StatePart: Sendable, Equatable {
    /// The name.
    package var name: String
    /// A digest in hexadecimal, of any length.
    package var digest: String

    /// Makes a part from a digest.
    package init(name: String, digest: String) {
        self.name = name
        self.digest = digest
    }

    /// Makes a part from bytes or text that are its whole content.
    package init(name: String, content: some Sequence<UInt8>) {
        self.init(name: name, digest: SHA256.hexDigest(of: Array(content)))
    }
}

/// The session's state in a few digits: equal states have equal digests.
package struct StateDigest: Sendable, Equatable {
    /// The parts in the order of their names.
    package let parts: [StatePart]
    /// Twelve hexadecimal digits over all parts.
    package let text: String

    /// Makes the digest of parts.
    package init(_ parts: [StatePart]) {
        let ordered = parts.sorted { $0.name < $1.name }
        self.parts = ordered
        let lines = ordered.map { "\($0.name) \($0.digest)\n" }.joined()
        text = String(SHA256.hexDigest(of: Array(lines.utf8)).prefix(12))
    }

    /// The parts that are new or other than in an earlier state, with the first eight digits of each.
    package func changes(since earlier: StateDigest?) -> [StatePart] {
        let before = Dictionary(uniqueKeysWithValues: (earlier?.parts ?? []).map { ($0.name, $0.digest) })
        return parts.filter { before[$0.name] != $0.digest }
    }
}
