/// An address that can be downloaded from: http or https, with a host, and without a name or password in it.
package struct DownloadURL: Sendable, Equatable {
    /// The whole address.
    package let text: String
    /// The host's name, in small letters.
    package let host: String
    package let isSecure: Bool

    /// Whether a word looks like an address rather than a file.
    package static func isAddress(_ word: String) -> Bool {
        let small = word.prefix(8).lowercased()
        return small.hasPrefix("http://") || small.hasPrefix("https://")
    }

    /// Reads an address.
    ///
    /// - Throws: `DownloadError.address` for anything else.
    package init(_ text: String) throws(DownloadError) {
        func fail(_ reason: String) -> DownloadError { .address(url: text, reason: reason) }
        guard Self.isAddress(text) else { throw fail("only http:// and https:// are read") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw fail("it has a space, or a letter that must be written with %")
        }
        isSecure = text.prefix(8).lowercased() == "https://"
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else { throw fail("it holds a name or password, which would be recorded") }
        let name =
            authority.hasPrefix("[") ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
        guard !name.isEmpty else { throw fail("it names no host") }
        host = name.lowercased()
        self.text = text
    }

    /// The last part of the path, or the host where there is none.
    package var fileName: String {
        let path = text.dropFirst(isSecure ? 8 : 7).prefix { $0 != "?" && $0 != "#" }
        let parts = path.split(separator: "/")
        return parts.count > 1 ? String(parts[parts.count - 1]) : host
    }
}
