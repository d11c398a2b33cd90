import Console
import Training

/// A report as one page for a browser.
struct MonitorPage {
    let text: String

    /// Points of a curve at most; medians of neighbours stand for more.
    private static let mostPoints = 80

    /// Lays out a report.
    init(_ report: MonitorReport, _ peak: MeasuredPeak?) {
        let title = "Training of \(report.history.model)"
        let rows = MonitorReportFields(report, peak).fields.fields.map { field in
            "<tr><th>\(HTMLText.escaped(field.label))</th><td>\(HTMLText.escaped(field.value.shown))</td></tr>"
        }
        let advice = report.recommendations.map { "<li>\(HTMLText.escaped(MonitorReportFields.words($0)))</li>" }
        text =
            HTMLPage(
                title: title,
                css: """
                    th { text-align: left; vertical-align: top; padding: .2rem 1.5rem .2rem 0; font-weight: 600; white-space: nowrap; }
                    td { padding: .2rem 0; }
                    """,
                body: """
                    <main>
                    <h1>\(HTMLText.escaped(title))</h1>
                    <h2>What to do next</h2>
                    <ul>
                    \(advice.joined(separator: "\n"))
                    </ul>
                    <h2>Figures</h2>
                    <table>
                    \(rows.joined(separator: "\n"))
                    </table>
                    \(Self.charts(report.history).joined(separator: "\n"))
                    </main>
                    """
            ).text
    }

    private static func charts(_ history: RunHistory) -> [String] {
        let size = max(1, (history.updates.count + mostPoints - 1) / mostPoints)
        let parts = stride(from: 0, to: history.updates.count, by: size).map { start in
            MonitorReport.medians(of: Array(history.updates[start..<min(start + size, history.updates.count)]))
        }.filter(\.loss.isFinite)
        let steps = parts.map { Double($0.step) }
        let evaluations = history.evaluations.filter(\.loss.isFinite)
        let evaluatedSteps = evaluations.map { Double($0.step) }
        let scored = history.evaluations.filter { $0.map50 != nil }
        return [
            chart("Training loss", "loss", steps, parts.map(\.loss)),
            chart("Eval loss", "eval_loss", evaluatedSteps, evaluations.map(\.loss)),
            chart("mAP 50", "map50", scored.map { Double($0.step) }, scored.compactMap(\.map50)),
            chart("Learning rate", "learning_rate", steps, parts.map(\.learningRate)),
            chart("Gradient norm", "grad_norm", steps, parts.map(\.gradientNorm)),
        ].compactMap { $0 }
    }

    private static func chart(_ title: String, _ name: String, _ steps: [Double], _ values: [Double]) -> String? {
        LossCurve(steps: steps, losses: values, name: name).map { "<h2>\(HTMLText.escaped(title))</h2>\n\($0.svg)" }
    }
}
