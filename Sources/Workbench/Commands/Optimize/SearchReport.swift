import Console
import Images
import JSON
import Training

/// What a search found: every training, and the best configuration.
struct SearchReport {
    let results: [TrialResult]
    let best: TrialResult
    let metric: TrainingArguments.BestMetric
    let plan: HalvingPlan
    /// The mean of several trainings with the best, if one was made.
    var averaged: AveragedTrial?

    /// The trainings in the order of rounds and configurations.
    var ordered: [TrialResult] { results.sorted { ($0.rung, $0.trial) < ($1.rung, $1.trial) } }

    /// Emits the history as a table, the best configuration, and the picture.
    func show(_ context: CommandContext) throws {
        var table = Table(
            columns: Self.headings.map { .init($0) })
        for result in ordered { table.add(Self.row(result)) }
        context.emit(.table(table))
        context.emit(.fields(fields))
        let image = try context.save(chart.makeImage(), alt: "\(metric.rawValue) of each training of the search")
        context.emit(
            .chart(
                Chart(
                    title: chart.title, xLabel: chart.xLabel, yLabel: chart.yLabel,
                    series: chart.series.map { .init(name: $0.name, x: $0.points.map(\.x), y: $0.points.map(\.y)) },
                    image: image)))
    }

    static let headings = [
        "round", "configuration", "targets", "learning_rate", "rank", "epochs", "batch", "augmentation", "map50",
        "map50_95", "eval_loss", "time",
    ]

    static func row(_ result: TrialResult) -> [Text] {
        let settings = result.settings
        return [
            "\(result.rung)", "\(result.trial)", "\(settings.targets.rawValue)",
            "\(settings.learningRate, .scientific(2))",
            settings.rank.map { "\($0)" } ?? "-", "\(settings.epochs * result.share, .fixed(2))",
            "\(settings.batchSize)", "\(settings.augmentation.rawValue)", "\(result.map50, .fixed(4))",
            "\(result.map50To95, .fixed(4))", "\(result.evalLoss, .fixed(4))", Text(.duration(result.seconds)),
        ]
    }

    /// The best configuration, and what the search took.
    var fields: Fields {
        let settings = best.settings
        var fields = Fields([
            ("best", "configuration \(best.trial)"), ("targets", "\(settings.targets.rawValue)"),
            ("learning_rate", "\(settings.learningRate, .scientific(2))"),
        ])
        if let rank = settings.rank { fields.add("rank", "\(rank)") }
        fields.add("epochs", "\(settings.epochs, .fixed(2))")
        fields.add("batch", "\(settings.batchSize)")
        fields.add("augmentation", "\(settings.augmentation.rawValue)")
        fields.add("valid", Self.scores(best))
        if let averaged {
            let verdict = averaged.isTaken ? "taken" : "not taken"
            fields.add("mean of \(averaged.count)", Self.scores(averaged.result) + ", \(verdict)")
        }
        if let first = results.filter({ $0.trial == 1 }).max(by: { $0.rung < $1.rung }) {
            let epochs = first.settings.epochs * first.share
            fields.add("configuration 1", Self.scores(first) + " after \(epochs, .fixed(2)) epochs")
        }
        fields.add("trainings", "\(results.count), \(results.reduce(0) { $0 + $1.updates }.grouped) updates")
        fields.add("time", Text(.duration(results.reduce(0) { $0 + $1.seconds })))
        return fields
    }

    private static func scores(_ result: TrialResult) -> Text {
        """
        map50 \(result.map50, .fixed(4)), map50_95 \(result.map50To95, .fixed(4)), \
        eval_loss \(result.evalLoss, .fixed(4))
        """
    }

    /// The metric of each training, a curve for each round.
    var chart: LineChart {
        let all = ordered
        let rounds = plan.rungs.indices.map { place in
            LineChart.Series(
                name: "round \(place + 1)",
                points: all.indices.filter { all[$0].rung == place + 1 }
                    .map { Canvas.Point(x: Double($0 + 1), y: all[$0].value(of: metric)) })
        }
        return LineChart(
            title: "Search by \(metric.rawValue)", xLabel: "training", yLabel: metric.rawValue,
            series: rounds.filter { !$0.points.isEmpty })
    }

    /// Everything but times, which differ from run to run.
    var json: JSON {
        [
            "metric": .string(metric.rawValue), "best": Self.json(best),
            "rounds": .array(plan.rungs.map { ["count": .integer(Int64($0.count)), "share": .number($0.share)] }),
            "history": .array(ordered.map(Self.json)),
            "mean": averaged.map {
                ["count": .integer(Int64($0.count)), "taken": .bool($0.isTaken), "result": Self.json($0.result)] as JSON
            } ?? .null,
        ]
    }

    private static func json(_ result: TrialResult) -> JSON {
        let settings = result.settings
        func number(_ value: Double) -> JSON { value.isFinite ? .number(value) : .null }
        return [
            "configuration": .integer(Int64(result.trial)), "round": .integer(Int64(result.rung)),
            "targets": .string(settings.targets.rawValue), "learning_rate": .number(settings.learningRate),
            "rank": settings.rank.map { .integer(Int64($0)) } ?? .null,
            "epochs": .number(settings.epochs * result.share), "batch_size": .integer(Int64(settings.batchSize)),
            "augmentation": .string(settings.augmentation.rawValue), "updates": .integer(Int64(result.updates)),
            "train_loss": number(result.trainLoss), "eval_loss": number(result.evalLoss),
            "map50": .number(result.map50), "map50_95": .number(result.map50To95),
        ]
    }
}

/// The report as one page for a browser.
struct SearchPage {
    let text: String

    /// Lays out a report.
    init(_ report: SearchReport) {
        let title = "Search by \(report.metric.rawValue)"
        func cells(_ words: [String], _ tag: String) -> String {
            "<tr>" + words.map { "<\(tag)>\(HTMLText.escaped($0))</\(tag)>" }.joined() + "</tr>"
        }
        let facts = report.fields.fields.map {
            "<tr><th>\(HTMLText.escaped($0.label))</th><td>\(HTMLText.escaped($0.value.shown))</td></tr>"
        }
        let rows = report.ordered.map { cells(SearchReport.row($0).map(\.shown), "td") }
        let numbers = report.ordered.indices.map { Double($0 + 1) }
        let curves = [
            ("map50", report.ordered.map(\.map50)), ("map50_95", report.ordered.map(\.map50To95)),
            ("eval_loss", report.ordered.map(\.evalLoss)),
        ].compactMap { name, values in
            LossCurve(steps: numbers, losses: values, name: name, counted: "training")
                .map { "<h2>\(name) of each training</h2>\n\($0.svg)" }
        }
        text =
            HTMLPage(
                title: title,
                css: """
                    th, td { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; white-space: nowrap; }
                    th { font-weight: 600; }
                    """,
                body: """
                    <main>
                    <h1>\(HTMLText.escaped(title))</h1>
                    <table>
                    \(facts.joined(separator: "\n"))
                    </table>
                    <h2>History</h2>
                    <div style="overflow-x: auto">
                    <table>
                    \(cells(SearchReport.headings, "th"))
                    \(rows.joined(separator: "\n"))
                    </table>
                    </div>
                    \(curves.joined(separator: "\n"))
                    </main>
                    """
            ).text
    }
}
