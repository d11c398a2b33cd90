/// What an evaluation during training found.
package struct EvaluationRecord: Sendable, Equatable, Codable {
    /// The average precision of one class, nil where no box of it is labelled.
    package struct ClassScore: Sendable, Equatable, Codable {
        package var name: String
        package var targetCount: Int
        package var ap50To95: Double?
        package var ap50: Double?
        package var ap75: Double?

        enum CodingKeys: String, CodingKey {
            case name, ap50, ap75
            case targetCount = "targets"
            case ap50To95 = "ap50_95"
        }
    }

    /// Updates made before it.
    package var step: Int
    /// How many times the examples were seen.
    package var epoch: Double
    /// The mean loss over all labels of the split.
    package var loss: Double
    /// Mean average precisions, nil where no box is labelled.
    package var map50To95: Double?
    package var map50: Double?
    package var map75: Double?
    /// Each class of the data set.
    package var classes: [ClassScore]

    enum CodingKeys: String, CodingKey {
        case step, epoch, classes
        case loss = "eval_loss"
        case map50To95 = "eval_map50_95"
        case map50 = "eval_map50"
        case map75 = "eval_map75"
    }

    /// The value of a metric; nil or not a number where there is none.
    package func value(of metric: TrainingArguments.BestMetric) -> Double? {
        switch metric {
        case .loss: loss
        case .map50To95: map50To95
        case .map50: map50
        }
    }
}

extension Array<EvaluationRecord> {
    /// The place of the first evaluation with the best value of a metric.
    package func bestIndex(by metric: TrainingArguments.BestMetric) -> Int? {
        var best: (index: Int, value: Double)?
        for (index, record) in enumerated() {
            guard let value = record.value(of: metric), !value.isNaN else { continue }
            if let known = best, metric.greaterIsBetter ? value <= known.value : value >= known.value { continue }
            best = (index, value)
        }
        return best?.index
    }

    /// How many evaluations in a row, to the last, were not better than all before.
    package func countWithoutImprovement(by metric: TrainingArguments.BestMetric) -> Int {
        bestIndex(by: metric).map { count - 1 - $0 } ?? count
    }
}
