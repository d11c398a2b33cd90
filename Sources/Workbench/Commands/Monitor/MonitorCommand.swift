import Console
import Training

/// `monitor`: the numbers of the last run.
struct MonitorCommand: Command {
    static let name = "monitor"
    static let summary = "show how the last run went: losses, learning rate, gradients, evaluations"
    static let discussion = """
        The run is shown in parts of equal length, with the median of each. `monitor report` says what follows from it.
        """
    static let examples = ["monitor --parts 5"]

    @Option("parts that the run is shown in", in: 1...100) var parts = 10
    @OptionGroup var source: MonitorOptions

    mutating func run(_ context: CommandContext) throws {
        let report = try source.report(context, measures: false).report
        let updates = report.history.updates
        let size = max(1, (updates.count + parts - 1) / parts)
        var table = Table("updates", "loss", "learning_rate", "grad_norm")
        for start in stride(from: 0, to: updates.count, by: size) {
            let part = Array(updates[start..<min(start + size, updates.count)])
            guard let first = part.first, let last = part.last else { continue }
            let middle = MonitorReport.medians(of: part)
            table.add([
                "\(first.step)-\(last.step)", "\(middle.loss, .fixed(4))", "\(middle.learningRate, .scientific(2))",
                "\(middle.gradientNorm, .fixed(4))",
            ])
        }
        context.emit(.table(table))
        if !report.history.evaluations.isEmpty { context.emit(.table(evaluations(report.history.evaluations))) }
        context.emit(.fields(Fields([("trend", report.trend.words)])))
    }

    private func evaluations(_ records: [EvaluationRecord]) -> Table {
        var table = Table("evaluated after", "eval_loss", "map50_95", "map50", "map75")
        for record in records {
            table.add(
                ["\(record.step)", "\(record.loss, .fixed(4))"]
                    + [record.map50To95, record.map50, record.map75].map { value in
                        value.map { "\($0, .fixed(4))" } ?? "-"
                    })
        }
        return table
    }
}

extension LossTrend {
    /// The trend in words, with its numbers.
    var words: Text {
        guard kind != .tooShort else { return "too few updates to judge: \(count)" }
        let spiked: Text = spikes.isEmpty ? "" : ", spikes at \(spikes.map { String($0.step) }.joined(separator: ", "))"
        return """
            \(kind.rawValue): \(change, .percent(1)) over the last half (noticeable from \(noticeable, .percent(1))), \
            noise \(noise, .percent(1))\(spiked)
            """
    }
}
