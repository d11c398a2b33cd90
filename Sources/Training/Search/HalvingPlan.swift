/// Successive halving: many configurations are trained a little, the better half of them longer, and so on.
///
/// - Source: Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", 2016.
package struct HalvingPlan: Sendable, Equatable {
    /// One round.
    package struct Rung: Sendable, Equatable {
        /// How many configurations are trained.
        package let count: Int
        /// The share of their epochs that they are trained for.
        package let share: Double
    }

    package let rungs: [Rung]

    /// The share of the first round.
    package static let leastShare = 0.25

    /// Rounds for `budget` configurations, down to two; a last one trains for all epochs.
    package init(budget: Int) {
        var counts = [max(1, budget)]
        while let last = counts.last, last > 2, counts.count < 4 { counts.append(max(2, (last + 1) / 2)) }
        let rounds = counts.count
        rungs = counts.enumerated().map { place, count in
            // 1/4, 1/2, 1 in three rounds; 1/4, 1 in two.
            let shares: [Double]
            switch rounds {
            case 1: shares = [1]
            case 2: shares = [Self.leastShare, 1]
            case 3: shares = [Self.leastShare, 0.5, 1]
            default: shares = [Self.leastShare, 0.375, 0.625, 1]
            }
            return Rung(count: count, share: shares[place])
        }
    }

    /// How many trainings there are in all.
    package var trainingCount: Int { rungs.reduce(0) { $0 + $1.count } }
}
