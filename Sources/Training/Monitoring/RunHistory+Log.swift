import JSON

extension RunHistory {
    /// Reads a history back from the lines of `log.jsonl`: what was logged, not every update.
    ///
    /// - Returns: the history, and how many lines say nothing that belongs in one.
    package static func parse(_ text: String, name: String) -> (history: RunHistory, rejected: Int) {
        var history = RunHistory(model: name)
        var rejected = 0
        for line in text.split(separator: "\n") {
            guard let entry = try? JSON(parsing: String(line)), let step = entry["step"]?.integer else {
                rejected += 1
                continue
            }
            let epoch = entry["epoch"]?.double ?? 0
            history.seconds = max(history.seconds, entry["seconds"]?.double ?? 0)
            if let rate = entry["learning_rate"]?.double {
                history.updates.append(
                    Update(
                        step: step, epoch: epoch, loss: entry["loss"]?.double ?? .nan, learningRate: rate,
                        gradientNorm: entry["grad_norm"]?.double ?? .nan, lossScale: entry["loss_scale"]?.double))
            } else if let loss = entry["eval_loss"] {
                history.evaluations.append(
                    EvaluationRecord(
                        step: step, epoch: epoch, loss: loss.double ?? .nan,
                        map50To95: entry["eval_map50_95"]?.double, map50: entry["eval_map50"]?.double,
                        map75: entry["eval_map75"]?.double, classes: []))
            } else {
                rejected += 1
            }
        }
        history.totalSteps = history.updates.last?.step ?? 0
        return (history, rejected)
    }
}
