/// The one line that shows progress on a terminal.
package struct ProgressLine: Sendable {
    /// Columns available.
    package var width: Int

    /// Makes a line for a terminal of this width.
    package init(width: Int) { self.width = width }

    /// The line: label, bar, count, facts, rate and time left, cut to the width.
    package func text(_ progress: Progress) -> String {
        var tail = ["\(progress.completed)" + (progress.total > 0 ? "/\(progress.total)" : "")]
        if !progress.facts.spans.isEmpty { tail.append(progress.facts.shown) }
        if let rate = progress.rate { tail.append(rate.shown) }
        if let remaining = progress.remaining, !progress.isFinished {
            tail.append(Quantity.durationText(remaining) + " left")
        } else {
            tail.append(Quantity.durationText(progress.elapsed))
        }
        let words = tail.filter { !$0.isEmpty }.joined(separator: "  ")
        guard progress.total > 0 else { return fit("\(progress.label)  \(words)") }
        let room = width - DisplayWidth.of(progress.label) - DisplayWidth.of(words) - 10
        let percent = DisplayWidth.pad("\(Int(progress.share * 100))%", to: 4, alignment: .right)
        guard room >= 8 else { return fit("\(progress.label) \(percent) \(words)") }
        return fit("\(progress.label) \(percent) \(bar(progress.share, columns: min(room, 30))) \(words)")
    }

    private func bar(_ share: Double, columns: Int) -> String {
        let eighths = Int((share * Double(columns * 8)).rounded(.down))
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        let filled = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
        return "▕" + DisplayWidth.pad(filled, to: columns) + "▏"
    }

    private func fit(_ text: String) -> String { DisplayWidth.truncate(text, to: max(1, width - 1)) }
}

/// Says when progress is worth showing.
package struct ProgressPacer: Sendable {
    /// Where progress goes.
    package enum Sink: Sendable {
        /// One line that is redrawn, at most ten times a second.
        case terminal
        /// Lines in a log: at the start, after each tenth but not within 30 seconds, and at the end.
        case log
    }

    private let sink: Sink
    private var label: String?
    private var lastTime = -Double.infinity
    private var lastTenth = 0

    /// Makes a pacer.
    package init(_ sink: Sink) { self.sink = sink }

    /// Whether to show this progress now.
    /// - Parameter now: seconds on any clock that never goes back.
    package mutating func shouldShow(_ progress: Progress, at now: Double) -> Bool {
        let isNew = label != progress.label
        if isNew {
            label = progress.label
            lastTenth = 0
        }
        defer { if progress.isFinished { label = nil } }
        let tenth = Int(progress.share * 10)
        let isDue =
            switch sink {
            case .terminal: now - lastTime >= 0.1
            case .log: now - lastTime >= 30 && tenth > lastTenth
            }
        guard isNew || progress.isFinished || isDue else { return false }
        lastTime = now
        lastTenth = tenth
        return true
    }
}
