import Console

/// Replaces secret values by their names in everything a session says or keeps.
package struct Redactor: Sendable {
    /// Secrets shorter than this are not looked for: they would hide ordinary words.
    package static let shortestSecret = 6

    private var secrets: [(name: String, value: String)] = []

    /// Makes a redactor that knows no secret.
    package init() {}

    /// Learns a secret's value, in the place of an earlier one of that name.
    package mutating func learn(name: String, value: String) {
        secrets.removeAll { $0.name == name }
        guard value.count >= Self.shortestSecret else { return }
        secrets.append((name, value))
        secrets.sort { $0.value.count > $1.value.count }
    }

    /// A text with `[[secret NAME]]` in place of each secret value.
    package func redact(_ text: String) -> String {
        var result = text
        for secret in secrets where result.contains(secret.value) {
            result = result.replacing(secret.value, with: "[[secret \(secret.name)]]")
        }
        return result
    }

    /// An output without secret values.
    package func redact(_ output: Output) -> Output {
        secrets.isEmpty ? output : output.mapText(redact)
    }

    /// The name of a secret whose value is in the bytes, if there is one.
    package func secretName(in bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        return secrets.first { text.contains($0.value) }?.name
    }
}
