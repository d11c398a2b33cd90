import Console
import JSON
import Training

/// `monitor report`: what the last run says, and what to do next.
struct MonitorReportCommand: Command {
    static let name = "monitor report"
    static let summary =
        "judge the last run: convergence, learning rate, overfitting, gradients, speed, what to do next"
    static let discussion = """
        Trends are Theil-Sen slopes over the last half of the run, noise is the median absolute deviation around them; single
        odd losses move neither. The share of the device that training uses is counted from shapes, against a product of
        matrices that is timed on the device for this report. docs/training.md says what each rule looks at.
        """
    static let examples = ["monitor report", "monitor report --html /tmp/palinote-report.html"]

    @OptionGroup var source: MonitorOptions
    @Flag("print the report as JSON instead") var json = false
    @Option("write the report as one HTML page with charts", completion: .file(extensions: ["html"])) var html: Path?

    mutating func run(_ context: CommandContext) throws {
        let (report, peak) = try source.report(context, measures: true)
        if let html {
            try FileAccess.write(Array(MonitorPage(report, peak).text.utf8), to: context.resolveOutput(html))
            context.say("wrote \(.path(html.text))")
        }
        if json { return context.say("\(report.json.text(.pretty))") }
        context.emit(.fields(MonitorReportFields(report, peak).fields))
        for item in report.recommendations { context.say("\(MonitorReportFields.words(item))") }
    }
}

/// A report as labels and values.
struct MonitorReportFields {
    let fields: Fields

    init(_ report: MonitorReport, _ peak: MeasuredPeak?) {
        let history = report.history
        var fields = Fields([
            ("model", "\(history.model)"),
            ("updates", "\(history.updates.count) of \(history.totalSteps)"),
            ("time", Text(.duration(history.seconds))),
            ("loss", report.trend.words),
        ])
        if let step = report.trend.convergedStep {
            fields.add("converged", "nine tenths of the fall by update \(step)")
        }
        Self.addBest(report, to: &fields)
        if let suggested = report.suggestedRate {
            fields.add("learning rate", "\(report.peakRate, .scientific(2)), try \(suggested, .scientific(2))")
        }
        for (number, part) in report.rateEffect.enumerated() {
            fields.add(
                "part \(number + 1) of 5",
                "rate \(part.rate, .scientific(2)), loss falls \(part.fall, .percent(1)) in 10 updates")
        }
        if let facts = report.overfitting {
            let state = facts.isOverfitting ? "yes" : "no"
            fields.add(
                "overfitting",
                "\(state): eval loss \(facts.rise, .percent(1)) above its best, training loss \(facts.trainChange, .percent(1))"
            )
        }
        if let facts = report.gradients {
            fields.add(
                "gradient norm",
                "median \(facts.median, .fixed(4)), deviation \(facts.deviation, .fixed(4)), largest "
                    + "\(facts.largest, .fixed(4)), \(facts.clippedShare, .percent(0)) clipped, \(facts.skipped) skipped"
            )
            if let scale = facts.lossScale { fields.add("loss scale", "\(scale, .shortest)") }
        }
        if let speed = report.speed { Self.add(speed, peak, to: &fields) }
        self.fields = fields
    }

    private static func addBest(_ report: MonitorReport, to fields: inout Fields) {
        let records = report.history.evaluations
        for (name, metric) in [
            ("best eval_loss", .loss), ("best map50_95", .map50To95), ("best map50", .map50),
        ] as [(String, TrainingArguments.BestMetric)] {
            guard let place = records.bestIndex(by: metric), let value = records[place].value(of: metric) else {
                continue
            }
            fields.add(name, "\(value, .fixed(4)) after update \(records[place].step)")
        }
    }

    private static func add(_ speed: MonitorReport.Speed, _ peak: MeasuredPeak?, to fields: inout Fields) {
        fields.add(
            "speed",
            """
            \(.duration(speed.secondsPerUpdate)) an update, \(.rate(speed.examplesPerSecond, unit: "img/s")), \
            \(.rate(speed.tokensPerSecond, unit: "tokens/s"))
            """)
        guard let operations = speed.operationsPerSecond, let peak, let share = speed.utilisation else { return }
        fields.add(
            "utilisation",
            """
            \(.rate(100 * share, unit: "%")): \(.rate(operations / 1e9, unit: "GFLOP/s")) of \
            \(.rate(peak.operationsPerSecond / 1e9, unit: "GFLOP/s")), the latter a product of \
            \(peak.rows) x \(peak.inner) x \(peak.columns) in \(peak.elementType.name) timed on this device
            """)
    }

    /// A recommendation with its numbers, in one paragraph.
    static func words(_ item: MonitorReport.Recommendation) -> String {
        let figures = item.figures.map { "\($0.name) \(number($0.value))" }.joined(separator: ", ")
        return "\(item.subject.rawValue): \(item.text) (\(figures))"
    }

    /// Four digits, or all of a whole number.
    static func number(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e9 { return String(Int(value)) }
        let isSmall = abs(value) < 1e-3 || abs(value) >= 1e6
        return isSmall ? NumberStyle.scientific(2).text(value) : NumberStyle.fixed(4).text(value)
    }
}
