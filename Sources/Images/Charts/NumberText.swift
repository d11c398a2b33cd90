import Glibc

extension Double {
    /// The number with `decimals` digits behind the point, as C prints it: `0.42`.
    func fixedText(decimals: Int) -> String { text("%.*f", digits: decimals) }

    /// The number with a power of ten, as C prints it: `4.20e-01`.
    func scientificText(decimals: Int) -> String { text("%.*e", digits: decimals) }

    private func text(_ pattern: String, digits: Int) -> String {
        // The largest float64 has 309 digits before the point.
        var buffer = [CChar](repeating: 0, count: 400)
        let length = withVaList([Int32(clamping: digits), self]) { vsnprintf(&buffer, buffer.count, pattern, $0) }
        let bytes = buffer.prefix(max(0, min(Int(length), buffer.count - 1))).map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
