/// How far long work has come.
package struct Progress: Sendable, Equatable {
    /// What is being done: `train`, `download`.
    package var label: String
    /// Steps done.
    package var completed: Int
    /// Steps that were done before the work began, as by a run that was interrupted.
    package var completedBefore: Int
    /// Steps in all; 0 when unknown.
    package var total: Int
    /// Facts beside the bar, such as the loss.
    package var facts: Text
    /// Things worked through each second, with their unit; nil when not measured.
    package var rate: Quantity?
    /// Seconds since the work began.
    package var elapsed: Double
    /// Whether this is the last word about this work.
    package var isFinished: Bool

    /// Makes a progress value.
    package init(
        label: String, completed: Int, after completedBefore: Int = 0, total: Int, facts: Text = "",
        rate: Quantity? = nil, elapsed: Double, isFinished: Bool = false
    ) {
        self.label = label
        self.completed = completed
        self.completedBefore = completedBefore
        self.total = total
        self.facts = facts
        self.rate = rate
        self.elapsed = elapsed
        self.isFinished = isFinished
    }

    /// The share done, from 0 to 1; 0 when the total is unknown.
    package var share: Double { total > 0 ? min(1, max(0, Double(completed) / Double(total))) : 0 }

    /// Seconds that are left if the work goes on as it went; nil while that is unknown.
    package var remaining: Double? {
        let done = completed - completedBefore
        guard total > 0, done > 0, elapsed > 0 else { return nil }
        return elapsed / Double(done) * Double(max(0, total - completed))
    }
}
