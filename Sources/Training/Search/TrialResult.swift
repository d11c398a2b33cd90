/// What one training of a search gave.
package struct TrialResult: Sendable, Equatable, Codable {
    /// The configuration's number, from 1.
    package var trial: Int
    /// The round, from 1, and the share of the configuration's epochs that it trained for.
    package var rung: Int
    package var share: Double
    package var settings: TrialSettings
    /// Updates made, and the mean loss over them.
    package var updates: Int
    package var trainLoss: Double
    /// On the validation split; the loss is not a number where the training came apart.
    package var evalLoss: Double
    package var map50: Double
    package var map50To95: Double
    /// How long it took.
    package var seconds: Double

    enum CodingKeys: String, CodingKey {
        case trial, rung, share, settings, updates, seconds, map50
        case trainLoss = "train_loss"
        case evalLoss = "eval_loss"
        case map50To95 = "map50_95"
    }

    /// The value of a metric, and what decides between equals, more being better.
    func ranking(by metric: TrainingArguments.BestMetric) -> [Double] {
        let loss = evalLoss.isNaN ? -Double.infinity : -evalLoss
        return switch metric {
        case .loss: [loss, map50To95, map50]
        case .map50: [map50, map50To95, loss]
        case .map50To95: [map50To95, map50, loss]
        }
    }

    /// The value of a metric.
    package func value(of metric: TrainingArguments.BestMetric) -> Double {
        switch metric {
        case .loss: evalLoss
        case .map50: map50
        case .map50To95: map50To95
        }
    }
}

extension Array<TrialResult> {
    /// The best first; equal ones by their numbers.
    package func ranked(by metric: TrainingArguments.BestMetric) -> [TrialResult] {
        sorted { left, right in
            for (first, second) in zip(left.ranking(by: metric), right.ranking(by: metric)) where first != second {
                return first > second
            }
            return left.trial < right.trial
        }
    }
}
