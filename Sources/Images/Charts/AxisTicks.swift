import Glibc

/// Round numbers along an axis, with their labels.
struct AxisTicks: Equatable {
    /// Where the axis begins and ends.
    let range: ClosedRange<Double>
    /// Round numbers inside the range, ascending.
    let values: [Double]
    /// The numbers as text, all with the same number of decimals.
    let labels: [String]

    /// Chooses steps of 1, 2 or 5 times a power of ten.
    ///
    /// - Parameters:
    ///   - bounds: the least and greatest number to show; equal ones are spread, so that the axis has a length.
    ///   - wanted: about how many ticks fit.
    ///   - isFixed: whether the axis keeps `bounds` instead of growing to whole steps.
    ///   - wholeNumbers: whether steps below 1 make no sense.
    init(_ bounds: ClosedRange<Double>, wanted: Int, isFixed: Bool = false, wholeNumbers: Bool = false) {
        let bounds = Self.spread(bounds)
        let step = Self.roundStep(bounds, wanted: wanted, wholeNumbers: wholeNumbers)
        // A bound that is a whole number of steps but for rounding counts as whole.
        let slack = isFixed ? -1e-9 : 1e-9
        let first = (bounds.lowerBound / step + slack).rounded(isFixed ? .up : .down)
        let last = (bounds.upperBound / step - slack).rounded(isFixed ? .down : .up)
        let steps = Int(min(max(last - first, 0), 1000))
        values = (0...steps).map { (first + Double($0)) * step }.map { $0 == 0 ? 0 : $0 }
        range = isFixed ? bounds : (first * step)...(max(last, first + 1) * step)
        labels = Self.labels(values, step: step)
    }

    private static func spread(_ bounds: ClosedRange<Double>) -> ClosedRange<Double> {
        let length = bounds.upperBound - bounds.lowerBound
        // Shorter than this, float64 could not tell neighbouring ticks apart.
        let least = max(abs(bounds.lowerBound), abs(bounds.upperBound)) * 1e-9
        if length.isFinite && length > least { return bounds }
        let margin = max(abs(bounds.lowerBound) * 0.1, 1e-6)
        return (bounds.lowerBound - margin)...(bounds.lowerBound + margin)
    }

    private static func roundStep(_ bounds: ClosedRange<Double>, wanted: Int, wholeNumbers: Bool) -> Double {
        let rough = (bounds.upperBound - bounds.lowerBound) / Double(max(wanted, 1))
        let power = pow(10, log10(rough).rounded(.down))
        let factor = [1.0, 2, 5, 10].first { rough <= $0 * power * 1.0001 } ?? 10
        return wholeNumbers ? max(factor * power, 1) : factor * power
    }

    private static func labels(_ values: [Double], step: Double) -> [String] {
        let largest = values.map(abs).max() ?? 0
        if largest >= 1e6 || largest < 1e-2 { return values.map(scientific) }
        let decimals = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
        return values.map { $0.fixedText(decimals: min(decimals, 9)) }
    }

    /// `2e-5`, `1.5e6`: the fewest digits that tell steps apart, no padding.
    private static func scientific(_ value: Double) -> String {
        if value == 0 { return "0" }
        let parts = value.scientificText(decimals: 2).split(separator: "e")
        var digits = String(parts[0])
        while digits.hasSuffix("0") || digits.hasSuffix(".") {
            let wasPoint = digits.removeLast() == "."
            if wasPoint { break }
        }
        return "\(digits)e\(Int(parts[1]) ?? 0)"
    }
}
