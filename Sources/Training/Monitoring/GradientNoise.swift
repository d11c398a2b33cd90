/// How noisy gradients are, and the batch size at which their noise and their common direction weigh the same.
///
/// - Source: McCandlish et al., "An empirical model of large-batch training", 2018, appendix A.1: the simple noise scale
///   `tr(Σ) / |G|²`, from the squared norms of gradients of small and of large batches.
package struct GradientNoise: Sendable, Equatable {
    /// Examples in a micro-batch, and in a group of them.
    package let smallBatch: Double, largeBatch: Double
    /// The mean squared norms of their gradients.
    package let smallSquare: Double, largeSquare: Double

    /// Figures of batches of two sizes; nil unless the first is smaller.
    package init?(smallBatch: Double, largeBatch: Double, smallSquare: Double, largeSquare: Double) {
        guard smallBatch > 0, largeBatch > smallBatch else { return nil }
        (self.smallBatch, self.largeBatch) = (smallBatch, largeBatch)
        (self.smallSquare, self.largeSquare) = (smallSquare, largeSquare)
    }

    /// The squared norm of the gradient without noise, as far as it can be told: an unbiased estimate, which chance can make
    /// negative.
    package var trueSquare: Double {
        (largeBatch * largeSquare - smallBatch * smallSquare) / (largeBatch - smallBatch)
    }

    /// The variance of one example's gradient, summed over all weights.
    package var variance: Double { (smallSquare - largeSquare) / (1 / smallBatch - 1 / largeBatch) }

    /// The batch size at which noise and direction weigh the same; infinite where only noise was seen, nil where the figures
    /// tell nothing.
    package var simpleScale: Double? {
        guard variance.isFinite, trueSquare.isFinite, variance > 0 else { return nil }
        return trueSquare > 0 ? variance / trueSquare : .infinity
    }

    /// The power of two that comes next to the scale, at least 1 and at most `limit`.
    package func batchSize(atMost limit: Int) -> Int? {
        guard let simpleScale else { return nil }
        var size = 1
        while Double(size) * 2.0.squareRoot() < simpleScale, size * 2 <= limit { size *= 2 }
        return size
    }
}
