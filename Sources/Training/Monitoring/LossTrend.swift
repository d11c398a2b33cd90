/// Where a loss is going, judged by its last half.
package struct LossTrend: Sendable, Equatable {
    /// What the loss does.
    package enum Kind: String, Sendable, CaseIterable {
        case decreasing, plateau, diverging, oscillating, spike
        /// Fewer than `leastCount` updates.
        case tooShort = "too short"
    }

    /// A value far above its neighbours.
    package struct Spike: Sendable, Equatable {
        package var step: Int
        package var loss: Double
        /// The median of its neighbours.
        package var usual: Double
    }

    package var kind: Kind
    /// Updates that were looked at, skipped ones left out.
    package var count: Int
    /// The change over the last half, as a share of its median: the Theil-Sen slope times the half's length.
    package var change: Double
    /// The least change that the noise cannot have made: three standard errors of the slope, and 2% at least.
    package var noticeable: Double
    /// The deviation around the line, as a share of the median: 0.05 says that most losses lie within 5%.
    package var noise: Double
    /// The medians of the first tenth, the last tenth, and the lowest tenth of all.
    package var firstLevel: Double
    package var lastLevel: Double
    package var bestLevel: Double
    package var spikes: [Spike]
    /// The update by which nine tenths of the whole fall were made; nil where the loss did not fall, or not to stay.
    package var convergedStep: Int?

    /// Updates that a judgment needs.
    package static let leastCount = 10
    /// The noise above which a loss without a trend oscillates.
    static let oscillation = 0.15
    /// The rise over the best level above which a rising loss diverges.
    static let divergence = 1.1

    /// Judges the losses of a history.
    package init(_ updates: [RunHistory.Update]) {
        let points = updates.filter { $0.loss.isFinite }.map { (x: Double($0.step), y: $0.loss) }
        count = points.count
        let losses = points.map(\.y)
        let tenth = max(1, points.count / 10)
        let levels = stride(from: 0, to: points.count, by: tenth).map { start in
            RobustStatistics.median(Array(losses[start..<min(start + tenth, losses.count)]))
        }
        (firstLevel, lastLevel) = (levels.first ?? .nan, RobustStatistics.median(losses.suffix(tenth)))
        bestLevel = levels.min() ?? .nan
        spikes = Self.spikes(points)
        convergedStep = nil
        guard points.count >= Self.leastCount else {
            (kind, change, noticeable, noise) = (.tooShort, 0, 0, 0)
            return
        }
        let odd = Set(spikes.map { Double($0.step) })
        let half = points.suffix(max(Self.leastCount, points.count / 2)).filter { !odd.contains($0.x) }
        let line = RobustStatistics.line(half)
        let level = max(abs(RobustStatistics.median(half.map(\.y))), 1e-12)
        let span = (half.last?.x ?? 0) - (half.first?.x ?? 0)
        change = line.slope * span / level
        let rest = half.map { $0.y - line.intercept - line.slope * $0.x }
        noise = RobustStatistics.deviation(rest) / level
        noticeable = max(0.02, 3 * (12 / Double(max(half.count, 1))).squareRoot() * noise)
        let isLost = updates.suffix(points.count / 4 + 1).count { !$0.loss.isFinite } > points.count / 8
        if isLost || change > noticeable && lastLevel > Self.divergence * bestLevel {
            kind = .diverging
        } else if !spikes.isEmpty {
            kind = .spike
        } else if change < -noticeable {
            kind = .decreasing
        } else {
            kind = noise > Self.oscillation ? .oscillating : .plateau
        }
        let fall = firstLevel - bestLevel
        guard kind != .oscillating, kind != .diverging, fall > 0.02 * abs(firstLevel),
            let place = levels.firstIndex(where: { $0 <= bestLevel + 0.1 * fall })
        else { return }
        convergedStep = Int(points[min(place * tenth, points.count - 1)].x)
    }

    /// Losses that stand out above eight neighbours: by six deviations, and by a third; more than one in twenty is noise.
    private static func spikes(_ points: [(x: Double, y: Double)]) -> [Spike] {
        guard points.count >= leastCount else { return [] }
        var found: [Spike] = []
        for i in points.indices {
            let first = min(max(0, i - 4), points.count - 9)
            let others = (max(0, first)..<min(max(0, first) + 9, points.count)).filter { $0 != i }.map { points[$0].y }
            let usual = RobustStatistics.median(others)
            let excess = points[i].y - usual
            let isAlone = others.count { $0 - usual > excess / 2 } <= 1
            if isAlone, excess > 6 * RobustStatistics.deviation(others), excess > abs(usual) / 3 {
                found.append(Spike(step: Int(points[i].x), loss: points[i].y, usual: usual))
            }
        }
        return found.count * 20 > points.count ? [] : found
    }
}
