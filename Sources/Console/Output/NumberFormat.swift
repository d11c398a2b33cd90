import Glibc

/// How many digits a number shows.
package enum NumberStyle: Sendable, Equatable {
    /// Digits behind the point: `0.4213`.
    case fixed(Int)
    /// Digits behind the point of a mantissa: `2.0e-05`.
    case scientific(Int)
    /// A share of one, as a percentage with digits behind the point: `42.13%`.
    case percent(Int)
    /// The shortest text that reads back as the same number.
    case shortest

    /// The number's text; the same in every locale.
    package func text(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        switch self {
        case .fixed(let digits): return Self.format("%.*f", digits, value)
        case .scientific(let digits): return Self.format("%.*e", digits, value)
        case .percent(let digits): return Self.format("%.*f", digits, value * 100) + "%"
        case .shortest: return value.argumentText ?? value.description
        }
    }

    private static func format(_ pattern: String, _ digits: Int, _ value: Double) -> String {
        var buffer = [CChar](repeating: 0, count: 400)
        let length = withVaList([Int32(clamping: digits), value]) {
            vsnprintf(&buffer, buffer.count, pattern, $0)
        }
        let bytes = buffer.prefix(max(0, min(Int(length), buffer.count - 1))).map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What a replay may accept in place of a recorded number.
package enum Tolerance: Sendable, Equatable {
    /// Off by at most this share of the recorded number.
    case relative(Double)
    /// Off by at most this much.
    case absolute(Double)
    /// At least this much, whatever was recorded.
    case atLeast(Double)
    /// At most this much, whatever was recorded.
    case atMost(Double)

    /// The rule as masks write it: `±2%`, `±0.01`, `>= 0.8`.
    package var text: String {
        switch self {
        case .relative(let share): "±" + NumberStyle.shortest.text(share * 100).withoutPointZero + "%"
        case .absolute(let amount): "±" + NumberStyle.shortest.text(amount).withoutPointZero
        case .atLeast(let least): ">= " + NumberStyle.shortest.text(least).withoutPointZero
        case .atMost(let most): "<= " + NumberStyle.shortest.text(most).withoutPointZero
        }
    }
}

extension String {
    /// A whole number without its `.0`.
    fileprivate var withoutPointZero: String { hasSuffix(".0") ? String(dropLast(2)) : self }
}
