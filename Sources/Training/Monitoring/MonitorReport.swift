/// What a run's history says: its trend, what it costs, and what to do next.
package struct MonitorReport: Sendable, Equatable {
    /// A number that something rests on, with its name.
    package struct Figure: Sendable, Equatable {
        package var name: String
        package var value: Double

        package init(_ name: String, _ value: Double) { (self.name, self.value) = (name, value) }
    }

    /// Something to do, why, and the numbers that say so.
    package struct Recommendation: Sendable, Equatable {
        /// What a recommendation is about, for programs.
        package enum Subject: String, Sendable, CaseIterable {
            case learningRate = "learning_rate"
            case length, overfitting, stability, gradients, data, speed, nothing
        }

        package var subject: Subject
        package var text: String
        package var figures: [Figure]
    }

    /// How the eval loss goes beside the training loss.
    package struct Overfitting: Sendable, Equatable {
        package var bestStep: Int
        package var bestLoss: Double
        package var lastStep: Int
        package var lastLoss: Double
        /// How far the last eval loss lies above the best, as a share of it.
        package var rise: Double
        /// How the training loss changed between the two, as a share.
        package var trainChange: Double
        /// Whether the eval loss rose while the training loss fell.
        package var isOverfitting: Bool
    }

    /// The norms of gradients before clipping.
    package struct Gradients: Sendable, Equatable {
        package var median: Double
        package var deviation: Double
        package var largest: Double
        /// The share of updates whose gradients were scaled down.
        package var clippedShare: Double
        package var skipped: Int
        /// What the last loss was multiplied by for the way back; nil where losses are not scaled.
        package var lossScale: Double?
    }

    /// What updates cost.
    package struct Speed: Sendable, Equatable {
        /// Of one update, the median.
        package var secondsPerUpdate: Double
        package var examplesPerSecond: Double
        package var tokensPerSecond: Double
        /// Floating-point operations of an update, the median; nil where the model is not known.
        package var operationsPerUpdate: Double?
        /// Those of each second.
        package var operationsPerSecond: Double?
        /// The most that the device was measured to make each second; nil where it was not measured.
        package var peak: Double?

        /// The share of the peak that training reaches.
        package var utilisation: Double? {
            guard let operationsPerSecond, let peak, peak > 0 else { return nil }
            return operationsPerSecond / peak
        }
    }

    package let history: RunHistory
    package let trend: LossTrend
    package let overfitting: Overfitting?
    package let gradients: Gradients?
    package let speed: Speed?
    /// What each part of the schedule did: its mean rate, and the share of the loss that ten updates took away.
    package let rateEffect: [(rate: Double, fall: Double)]
    /// The learning rate to try next; nil to leave it.
    package internal(set) var suggestedRate: Double?
    package internal(set) var recommendations: [Recommendation] = []

    /// Reads a history.
    ///
    /// - Parameter peak: operations that the device makes each second, as measured.
    package init(_ history: RunHistory, peak: Double? = nil) {
        self.history = history
        trend = LossTrend(history.updates)
        overfitting = Self.overfitting(history)
        gradients = Self.gradients(history)
        speed = Self.speed(history, peak: peak)
        rateEffect = Self.rateEffect(history.updates)
        recommend()
    }

    package static func == (left: MonitorReport, right: MonitorReport) -> Bool {
        left.history == right.history && left.speed == right.speed && left.recommendations == right.recommendations
    }

    /// The medians of some updates, at the last one's step.
    package static func medians(of updates: [RunHistory.Update]) -> RunHistory.Update {
        RunHistory.Update(
            step: updates.last?.step ?? 0, epoch: updates.last?.epoch ?? 0,
            loss: RobustStatistics.median(updates.map(\.loss).filter(\.isFinite)),
            learningRate: RobustStatistics.median(updates.map(\.learningRate)),
            gradientNorm: RobustStatistics.median(updates.map(\.gradientNorm).filter(\.isFinite)))
    }

    /// The highest rate that the run reached.
    package var peakRate: Double { history.updates.map(\.learningRate).max() ?? 0 }
}

extension MonitorReport {
    private static func overfitting(_ history: RunHistory) -> Overfitting? {
        let records = history.evaluations.filter { $0.loss.isFinite }
        guard records.count >= 3, let place = records.bestIndex(by: .loss), let last = records.last else { return nil }
        let best = records[place]
        let losses = history.updates.filter { $0.loss.isFinite }
        let window = max(3, losses.count / 10)
        func level(at step: Int) -> Double {
            RobustStatistics.median(losses.filter { $0.step <= step }.suffix(window).map(\.loss))
        }
        let (before, after) = (level(at: best.step), level(at: last.step))
        let (rise, change) = (last.loss / best.loss - 1, after / before - 1)
        return Overfitting(
            bestStep: best.step, bestLoss: best.loss, lastStep: last.step, lastLoss: last.loss, rise: rise,
            trainChange: change, isOverfitting: rise > 0.05 && change < 0)
    }

    private static func gradients(_ history: RunHistory) -> Gradients? {
        let norms = history.updates.map(\.gradientNorm).filter(\.isFinite)
        guard let largest = norms.max() else { return nil }
        let clipped = history.maxGradNorm > 0 ? norms.count { $0 > history.maxGradNorm } : 0
        return Gradients(
            median: RobustStatistics.median(norms), deviation: RobustStatistics.deviation(norms), largest: largest,
            clippedShare: Double(clipped) / Double(norms.count), skipped: history.updates.count { $0.loss.isNaN },
            lossScale: history.updates.last?.lossScale)
    }

    private static func speed(_ history: RunHistory, peak: Double?) -> Speed? {
        let timed = history.updates.filter { ($0.seconds ?? 0) > 0 }
        let seconds = timed.reduce(0) { $0 + ($1.seconds ?? 0) }
        guard seconds > 0 else { return nil }
        let shapes = timed.flatMap(\.shapes)
        let operations = history.cost.map { cost in timed.map { cost.operations($0.shapes) } }
        return Speed(
            secondsPerUpdate: RobustStatistics.median(timed.compactMap(\.seconds)),
            examplesPerSecond: Double(shapes.reduce(0) { $0 + $1.count }) / seconds,
            tokensPerSecond: Double(shapes.reduce(0) { $0 + $1.count * $1.length }) / seconds,
            operationsPerUpdate: operations.map(RobustStatistics.median),
            operationsPerSecond: operations.map { $0.reduce(0, +) / seconds }, peak: peak)
    }

    /// Five parts of the run, in order.
    private static func rateEffect(_ updates: [RunHistory.Update]) -> [(rate: Double, fall: Double)] {
        let made = updates.filter { $0.loss.isFinite }
        guard made.count >= 5 * LossTrend.leastCount else { return [] }
        let size = made.count / 5
        return (0..<5).map { part in
            let window = made[part * size..<(part == 4 ? made.count : (part + 1) * size)]
            let line = RobustStatistics.line(window.map { (Double($0.step), $0.loss) })
            let level = max(abs(RobustStatistics.median(window.map(\.loss))), 1e-12)
            let rate = window.reduce(0) { $0 + $1.learningRate } / Double(window.count)
            return (rate, -10 * line.slope / level)
        }
    }
}
