/// A search over configurations by successive halving, which goes on from its journal after a kill.
package final class ConfigurationSearch {
    /// What a search tells whoever watches it.
    package enum Event {
        /// A training begins: the how-manieth of how many.
        case started(trial: Int, rung: Int, TrialSettings, share: Double, number: Int, total: Int)
        /// What that training tells.
        case training(TrainingEvent)
        /// It ended, or its result was in the journal.
        case ended(TrialResult, isKnown: Bool)
        /// A round ended; these configurations go on.
        case advanced(rung: Int, trials: [Int])
    }

    package let plan: HalvingPlan
    package let metric: TrainingArguments.BestMetric
    private let space: SearchSpace
    private let seed: UInt64
    private let runner: TrialRunner
    private let journal: TrialJournal

    /// A search.
    package init(
        budget: Int, metric: TrainingArguments.BestMetric, space: SearchSpace, seed: UInt64, runner: TrialRunner,
        journal: TrialJournal
    ) throws(TrainingError) {
        guard space.isComplete else { throw .argument(name: "search", reason: "there is nothing to choose from") }
        plan = HalvingPlan(budget: budget)
        (self.metric, self.space, self.seed) = (metric, space, seed)
        (self.runner, self.journal) = (runner, journal)
    }

    /// Trains and compares; the model is then as it was.
    ///
    /// - Parameter now: a clock in seconds.
    /// - Returns: the results of the last round, the best first; nil if the search was stopped, and can go on later.
    package func run(
        now: () -> Double, shouldStop: () -> Bool = { false }, observe: (Event) -> Void = { _ in }
    ) throws(TrainingError) -> [TrialResult]? {
        defer { runner.reset() }
        var trials = Array(1...(plan.rungs.first?.count ?? 1))
        var number = 0
        var ranked: [TrialResult] = []
        for (place, rung) in plan.rungs.enumerated() {
            var results: [TrialResult] = []
            for trial in trials.prefix(rung.count) {
                number += 1
                if let known = journal.result(trial: trial, rung: place + 1) {
                    results.append(known)
                    observe(.ended(known, isKnown: true))
                    continue
                }
                if shouldStop() { return nil }
                let settings = space.settings(number: trial, seed: seed)
                observe(
                    .started(
                        trial: trial, rung: place + 1, settings, share: rung.share, number: number,
                        total: plan.trainingCount))
                let result = try runner.run(
                    trial: trial, rung: place + 1, settings, share: rung.share, now: now, shouldStop: shouldStop,
                    observe: { observe(.training($0)) })
                guard let result else { return nil }
                try journal.add(result)
                results.append(result)
                if place + 1 == plan.rungs.count, results.ranked(by: metric).first == result {
                    runner.keepFinished(trial)
                }
                observe(.ended(result, isKnown: false))
            }
            ranked = results.ranked(by: metric)
            trials = ranked.map(\.trial)
            if place + 1 < plan.rungs.count {
                observe(.advanced(rung: place + 1, trials: Array(trials.prefix(plan.rungs[place + 1].count))))
            }
        }
        return ranked
    }
}
