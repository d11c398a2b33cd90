import JSON

/// The logs for other programs: `log.jsonl`, one object a line, and `log.csv`, one row a line.
///
/// Both hold `step`, `epoch`, the values of a log line (`loss`, `learning_rate`, `grad_norm`; in float16 `loss_scale` and
/// `skipped_updates` too) or of an evaluation (`eval_loss`, `eval_map50_95`, …), and `seconds` since the logs were opened.
enum LogFiles {
    static let linesName = "log.jsonl"
    static let tableName = "log.csv"
    static let columns = [
        "step", "epoch", "loss", "learning_rate", "grad_norm", "eval_loss", "eval_map50_95", "eval_map50", "eval_map75",
        "seconds",
    ]
    /// The columns that a run has besides where its losses are scaled.
    static let scaleColumns = ["loss_scale", "skipped_updates"]

    /// Opens the lines; those of later steps than the first are left out, and one that was cut by a crash too.
    static func openLines(_ folder: String, firstStep: Int) throws(TrainingError) -> AppendedFile {
        try open("\(folder)/\(linesName)", firstStep: firstStep, header: "") { line in
            (try? JSON(parsing: line))?["step"]?.integer
        }
    }

    static func openTable(
        _ folder: String, firstStep: Int, columns: [String] = columns
    ) throws(TrainingError) -> AppendedFile {
        let header = columns.joined(separator: ",") + "\n"
        return try open("\(folder)/\(tableName)", firstStep: firstStep, header: header) { line in
            line.split(separator: ",").first.flatMap { Int($0) }
        }
    }

    private static func open(
        _ path: String, firstStep: Int, header: String, step: (String) -> Int?
    ) throws(TrainingError) -> AppendedFile {
        let present = firstStep > 0 ? (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" : ""
        // What follows the last line end is a line that was cut.
        let whole = present.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let kept = whole.filter { line in step(String(line)).map { $0 <= firstStep } ?? false }
        return try AppendedFile(path: path, replacingBy: Array((header + kept.map { $0 + "\n" }.joined()).utf8))
    }

    /// A line of JSON; a value that is not finite is written as null.
    static func line(step: Int, _ values: [(name: String, value: Double)], seconds: Double) -> String {
        var object = JSONObject()
        object["step"] = .integer(Int64(step))
        for (name, value) in values + [("seconds", seconds)] {
            object[name] = value.isFinite ? .number(value) : .null
        }
        return JSON.object(object).text() + "\n"
    }

    /// A row of the table; a value that is not finite is left empty.
    static func row(
        step: Int, _ values: [(name: String, value: Double)], seconds: Double, columns: [String] = columns
    ) -> String {
        let known = Dictionary(values + [("seconds", seconds)]) { first, _ in first }
        let cells = columns.map { name in
            name == "step" ? String(step) : known[name].map { $0.isFinite ? "\($0)" : "" } ?? ""
        }
        return cells.joined(separator: ",") + "\n"
    }
}
