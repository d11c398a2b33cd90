import Glibc

/// Confidences brought nearer to how often boxes are right, by one number: the log-odds are divided by it.
///
/// Above 1 it makes an overconfident model humbler. The order of boxes stays, so no average precision changes.
/// - Source: Guo et al., "On calibration of modern neural networks", 2017.
package struct TemperatureScaling: Sendable, Equatable {
    /// What log-odds are divided by, above 0.
    package let temperature: Double

    /// Temperatures that a fit may give; where boxes are all right or all wrong, the best one has no bound.
    package static let range = 0.05...20.0
    /// Confidences are kept this far from 0 and 1, where log-odds end.
    private static let margin = 1e-9

    /// A scaling; 1 changes nothing.
    package init(temperature: Double) {
        self.temperature = temperature
    }

    /// The temperature under which samples are most likely; nil without samples.
    package init?(fitting samples: [ConfidenceSample]) {
        guard !samples.isEmpty else { return nil }
        let odds = samples.map { (Self.logOdds($0.confidence), $0.isCorrect) }
        // The loss is convex in the inverse of the temperature, so that thirds of an interval can be ruled out.
        func loss(_ inverse: Double) -> Double {
            odds.reduce(0) { $0 + Self.softplus($1.1 ? -inverse * $1.0 : inverse * $1.0) }
        }
        var (low, high) = (1 / Self.range.upperBound, 1 / Self.range.lowerBound)
        for _ in 0..<200 {
            let (left, right) = (low + (high - low) / 3, high - (high - low) / 3)
            if loss(left) <= loss(right) { high = right } else { low = left }
        }
        temperature = 2 / (low + high)
    }

    /// Whether a fit ended at the end of the range.
    package var isAtBound: Bool {
        temperature < Self.range.lowerBound * 1.001 || temperature > Self.range.upperBound * 0.999
    }

    /// A confidence after scaling.
    package func applied(to confidence: Double) -> Double {
        1 / (1 + exp(-Self.logOdds(confidence) / temperature))
    }

    /// The scaling that takes this one back.
    package var inverse: TemperatureScaling { TemperatureScaling(temperature: 1 / temperature) }

    private static func logOdds(_ confidence: Double) -> Double {
        let bounded = min(max(confidence, margin), 1 - margin)
        return log(bounded / (1 - bounded))
    }

    /// `log(1 + exp(x))` without overflow.
    private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }
}

/// How often boxes are right beside how sure the model is, by confidence.
package struct Reliability: Sendable, Equatable {
    /// The boxes of one range of confidences.
    package struct Bin: Sendable, Equatable {
        /// From this confidence.
        package let lower: Double
        /// To this one, which only the last range holds.
        package let upper: Double
        /// How many boxes there are.
        package let count: Int
        /// Their mean confidence, 0 without boxes.
        package let confidence: Double
        /// The share of them that is right, 0 without boxes.
        package let accuracy: Double
    }

    /// Ranges of equal width.
    package let bins: [Bin]
    /// The expected calibration error: the mean distance of confidence and accuracy, weighted by boxes.
    package let expectedError: Double

    /// Sorts samples into ranges.
    package init(_ samples: [ConfidenceSample], binCount: Int = 10) {
        let places = samples.map { min(max(Int($0.confidence * Double(binCount)), 0), binCount - 1) }
        bins = (0..<binCount).map { number in
            let inside = zip(places, samples).filter { $0.0 == number }.map(\.1)
            let count = Double(max(inside.count, 1))
            return Bin(
                lower: Double(number) / Double(binCount), upper: Double(number + 1) / Double(binCount),
                count: inside.count, confidence: inside.reduce(0) { $0 + $1.confidence } / count,
                accuracy: Double(inside.count { $0.isCorrect }) / count)
        }
        let all = Double(max(samples.count, 1))
        expectedError = bins.reduce(0) { $0 + abs($1.confidence - $1.accuracy) * Double($1.count) } / all
    }
}
