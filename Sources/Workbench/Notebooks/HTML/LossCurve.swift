import Console
import Glibc

/// A curve of losses, or of other numbers, over updates as a picture inside of a page.
struct LossCurve {
    /// Updates, rising.
    let steps: [Double]
    /// The loss at each.
    let losses: [Double]
    /// What the numbers are.
    let name: String
    /// What is counted along the curve.
    let counted: String

    /// Makes a curve of logged numbers; nil when they are fewer than two, or not finite.
    init?(steps: [Double], losses: [Double], name: String = "loss", counted: String = "update") {
        guard steps.count == losses.count, steps.count >= 2, (steps + losses).allSatisfy(\.isFinite),
            zip(steps, steps.dropFirst()).allSatisfy(<)
        else { return nil }
        self.steps = steps
        self.losses = losses
        self.name = name
        self.counted = counted
    }

    private static let width = 640.0
    private static let height = 260.0
    private static let left = 52.0
    private static let right = 16.0
    private static let top = 14.0
    private static let bottom = 40.0

    /// The curve as SVG; its colors are those of the page.
    var svg: String {
        let xTicks = Self.ticks(from: steps[0], to: steps[steps.count - 1])
        let yTicks = Self.ticks(from: min(0, losses.min() ?? 0), to: losses.max() ?? 1)
        let low = min(yTicks.first ?? 0, losses.min() ?? 0)
        let high = max(yTicks.last ?? 1, losses.max() ?? 1)
        let span = max(steps[steps.count - 1] - steps[0], .leastNormalMagnitude)
        func x(_ step: Double) -> Double {
            Self.left + (step - steps[0]) / span * (Self.width - Self.left - Self.right)
        }
        func y(_ loss: Double) -> Double {
            let share = high > low ? (loss - low) / (high - low) : 0.5
            return Self.height - Self.bottom - share * (Self.height - Self.top - Self.bottom)
        }
        var parts: [String] = []
        for tick in yTicks {
            parts.append(Self.line(Self.left, y(tick), Self.width - Self.right, y(tick), "grid"))
            parts.append(
                Self.text(Self.left - 8, y(tick) + 4, "end", NumberStyle.shortest.text(tick).withoutTrailingZero))
        }
        for tick in xTicks {
            parts.append(
                Self.text(x(tick), Self.height - 20, "middle", NumberStyle.shortest.text(tick).withoutTrailingZero))
        }
        parts.append(Self.text((Self.left + Self.width - Self.right) / 2, Self.height - 3, "middle", counted))
        let points = zip(steps, losses).map { (x($0), y($1)) }
        let path = points.map { "\(Self.number($0.0)),\(Self.number($0.1))" }.joined(separator: " ")
        parts.append("<polyline class=\"curve\" points=\"\(path)\"/>")
        for (index, point) in points.enumerated() {
            let words =
                "\(counted) \(NumberStyle.shortest.text(steps[index]).withoutTrailingZero): \(name) \(losses[index])"
            parts.append(
                "<circle cx=\"\(Self.number(point.0))\" cy=\"\(Self.number(point.1))\" r=\"3.5\"><title>\(words)</title></circle>"
            )
        }
        let first = NumberStyle.fixed(4).text(losses[0])
        let last = NumberStyle.fixed(4).text(losses[losses.count - 1])
        return """
            <svg class="chart" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" \
            aria-label="\(name) over \(counted)s, from \(first) to \(last)">
            \(parts.joined(separator: "\n"))
            </svg>
            """
    }

    private static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ name: String) -> String {
        "<line class=\"\(name)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\"/>"
    }

    private static func text(_ x: Double, _ y: Double, _ anchor: String, _ words: String) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">\(words)</text>"
    }

    private static func number(_ value: Double) -> String { NumberStyle.fixed(1).text(value) }

    /// About five round numbers across a range.
    static func ticks(from low: Double, to high: Double) -> [Double] {
        guard high > low else { return [low] }
        let rough = (high - low) / 5
        let power = pow(10, floor(log10(rough)))
        let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? power
        // The sum of many steps would drift; the product does not.
        let range = Int((low / step).rounded(.up))...Int((high / step).rounded(.down))
        return range.map { Double($0) * step }.map { ($0 * 1e9).rounded() / 1e9 }
    }
}
