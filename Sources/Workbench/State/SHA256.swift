import CSystem

/// SHA-256 of bytes that come in pieces.
///
/// - Source: FIPS 180-4, section 6.2.
package struct SHA256 {
    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    private var pending: [UInt8] = []
    private var byteCount: UInt64 = 0

    /// Makes the digest of nothing.
    package init() { pending.reserveCapacity(64) }

    /// Adds bytes.
    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// Adds bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        byteCount &+= UInt64(bytes.count)
        var rest = bytes[...]
        if !pending.isEmpty {
            let part = rest.prefix(64 - pending.count)
            pending += part
            rest = rest.dropFirst(part.count)
            guard pending.count == 64 else { return }
            pending.withUnsafeBufferPointer { csystem_sha256_blocks(&state, $0.baseAddress, 1) }
            pending.removeAll(keepingCapacity: true)
        }
        let whole = UnsafeRawBufferPointer(rebasing: rest.prefix(rest.count / 64 * 64))
        csystem_sha256_blocks(&state, whole.bindMemory(to: UInt8.self).baseAddress, whole.count / 64)
        pending += rest.dropFirst(whole.count)
    }

    /// The 64 hexadecimal digits over everything added.
    package func hexDigest() -> String {
        var copy = self
        let bitCount = byteCount &* 8
        let zeroCount = (119 - Int(byteCount % 64)) % 64
        copy.update([0x80] + [UInt8](repeating: 0, count: zeroCount))
        copy.update((0..<8).map { UInt8(truncatingIfNeeded: bitCount >> UInt64(56 - 8 * $0)) })
        return copy.state.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    /// The digest of bytes that are all here.
    package static func hexDigest(of bytes: [UInt8]) -> String {
        var digest = SHA256()
        digest.update(bytes)
        return digest.hexDigest()
    }
}
