/// A string that is equal to another only if their UTF-8 bytes are.
package struct ExactKey: Hashable, Sendable {
    /// The string itself.
    package let text: String

    /// Wraps a string.
    package init(text: String) { self.text = text }

    package static func == (left: ExactKey, right: ExactKey) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        let hashed: Void? = text.utf8.withContiguousStorageIfAvailable { bytes in
            hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
        if hashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
    }
}
