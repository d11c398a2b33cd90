import CSystem

/// SHA-256 of bytes that come in pieces.
package struct SHA256 {
    private var digest = csystem_sha256()

    /// Makes the digest of nothing.
    package init() { csystem_sha256_begin(&digest) }

    /// Adds bytes.
    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// Adds bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        csystem_sha256_add(&digest, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
    }

    /// The 64 hexadecimal digits over everything added.
    package func hexDigest() -> String {
        var digits = [UInt8](repeating: 0, count: 65)
        withUnsafePointer(to: digest) { digest in
            digits.withUnsafeMutableBytes { csystem_sha256_end(digest, $0.bindMemory(to: CChar.self).baseAddress) }
        }
        return String(decoding: digits.dropLast(), as: UTF8.self)
    }

    /// The digest of bytes that are all here.
    package static func hexDigest(of bytes: [UInt8]) -> String {
        var digest = SHA256()
        digest.update(bytes)
        return digest.hexDigest()
    }
}
