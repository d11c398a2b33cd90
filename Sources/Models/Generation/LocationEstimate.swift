import Glibc

/// One edge of a box: the location that was chosen, and how the model's probability lies around it.
///
/// Probabilities are those of the 1,024 location tokens among themselves.
package struct LocationEstimate: Sendable, Equatable {
    /// The location chosen, 0 to 1023: the most probable one.
    package var location: Int
    /// The probability of that location.
    package var peak: Double
    /// The probability within `reach` locations of it.
    package var mass: Double
    /// The mean of the locations within reach, weighted by their probability.
    package var mean: Double
    /// The root of the mean square distance from `mean` of the locations within reach: where another object could have
    /// been said first, the rest of the probability lies on that one, and says nothing of this edge.
    package var deviation: Double

    /// How far locations count as the same edge: a 64th of the picture on each side.
    package static let reach = 16

    /// Puts an estimate together.
    package init(location: Int, peak: Double, mass: Double, mean: Double, deviation: Double) {
        (self.location, self.peak, self.mass) = (location, peak, mass)
        (self.mean, self.deviation) = (mean, deviation)
    }

    /// The estimate of a row of capped logits, one for each location.
    ///
    /// - Parameter logits: at least one; the first of equal ones is chosen.
    init(logits: ArraySlice<Float>) {
        let best = logits.largestIndex
        let weights = logits.map { exp(Double($0) - Double(logits[best])) }
        let total = weights.reduce(0, +)
        let chosen = best - logits.startIndex
        let near = max(chosen - Self.reach, 0)..<min(chosen + Self.reach + 1, weights.count)
        let nearTotal = weights[near].reduce(0, +)
        let mean = near.reduce(0) { $0 + Double($1) * weights[$1] } / nearTotal
        let square = near.reduce(0) { $0 + weights[$1] * (Double($1) - mean) * (Double($1) - mean) }
        self.init(
            location: chosen, peak: weights[chosen] / total, mass: nearTotal / total, mean: mean,
            deviation: (square / nearTotal).squareRoot())
    }
}

extension ArraySlice<Float> {
    /// The place of the largest number, the first of equals; NaN counts as smallest.
    var largestIndex: Int {
        var best = startIndex
        for i in indices where self[i] > self[best] || self[best].isNaN && !self[i].isNaN { best = i }
        return best
    }
}
