/// A value inside an output, whose type says whether it is the same in every run.
///
/// Volatile quantities are shown as they are and recorded as masks such as `[[dur]]`, so that a replay needs no patterns.
package enum Quantity: Sendable, Equatable {
    /// A whole number: a count, an id, a coordinate. Compared exactly.
    case integer(Int)
    /// A number; its tolerance, if it has one, is recorded beside it.
    case number(Double, NumberStyle = .fixed(4), tolerance: Tolerance? = nil)
    /// Seconds.
    case duration(Double)
    /// A count for each second, with what is counted: `img/s`.
    case rate(Double, unit: String)
    /// Bytes of memory or disk that vary between runs.
    case memory(Int)
    /// A path that depends on where the session runs.
    case path(String)
    /// A date or time of day, already written out.
    case time(String)
    /// The name of a machine, a device or a driver.
    case host(String)
    /// A version of this program or of a library.
    case version(String)

    /// The mask that stands for a volatile quantity in a recorded session; nil for a quantity that is the same in every run.
    package var mask: String? {
        switch self {
        case .integer, .number: nil
        case .duration: "[[dur]]"
        case .rate: "[[rate]]"
        case .memory: "[[mem]]"
        case .path: "[[path]]"
        case .time: "[[time]]"
        case .host: "[[host]]"
        case .version: "[[version]]"
        }
    }

    /// The text a person sees.
    package var shown: String {
        switch self {
        case .integer(let value): String(value)
        case .number(let value, let style, _): style.text(value)
        case .duration(let seconds): Self.durationText(seconds)
        case .rate(let value, let unit): Self.threeDigits(value) + " " + unit
        case .memory(let bytes): Self.byteText(bytes)
        case .path(let text), .time(let text), .host(let text), .version(let text): text
        }
    }

    /// The text of a recorded session: a mask for what varies, the rule beside a number that has one.
    package var recorded: String {
        if let mask { return mask }
        if case .number(let value, let style, let tolerance?) = self {
            return "[[num \(style.text(value)) \(tolerance.text)]]"
        }
        return shown
    }
}

extension Quantity {
    /// Seconds in the unit that reads best: `3.2 ms`, `1.24 s`, `2 min 05 s`, `1 h 02 min`.
    package static func durationText(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "? s" }
        let magnitude = abs(seconds)
        if magnitude < 0.9995e-3 { return NumberStyle.fixed(0).text(seconds * 1e6) + " µs" }
        if magnitude < 0.9995 { return threeDigits(seconds * 1e3) + " ms" }
        if magnitude < 59.95 { return threeDigits(seconds) + " s" }
        let whole = Int(magnitude.rounded())
        let sign = seconds < 0 ? "-" : ""
        if whole < 3600 { return "\(sign)\(whole / 60) min \(twoDigits(whole % 60)) s" }
        return "\(sign)\(whole / 3600) h \(twoDigits(whole % 3600 / 60)) min"
    }

    /// Bytes in the binary unit that reads best: `812 B`, `1.4 GiB`.
    package static func byteText(_ bytes: Int) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB"]
        guard abs(bytes) >= 1024 else { return "\(bytes) B" }
        var value = Double(bytes) / 1024
        var unit = 0
        while abs(value) >= 1023.95, unit + 1 < units.count {
            value /= 1024
            unit += 1
        }
        return NumberStyle.fixed(1).text(value) + " " + units[unit]
    }

    private static func threeDigits(_ value: Double) -> String {
        let magnitude = abs(value)
        return NumberStyle.fixed(magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0).text(value)
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}
