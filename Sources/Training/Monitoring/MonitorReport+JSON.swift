import JSON

extension MonitorReport {
    /// The report for programs; numbers that are not there or not finite are null.
    package var json: JSON {
        var object = JSONObject()
        object["model"] = .string(history.model)
        object["updates"] = .integer(Int64(history.updates.count))
        object["seconds"] = number(history.seconds)
        object["best"] = best
        object["trend"] = trendJSON
        object["learning_rate"] = [
            "peak": number(peakRate), "suggested": number(suggestedRate),
            "parts": .array(rateEffect.map { ["rate": number($0.rate), "fall_per_10_updates": number($0.fall)] }),
        ]
        object["overfitting"] = overfitting.map(json) ?? .null
        object["gradients"] = gradients.map(json) ?? .null
        object["speed"] = speed.map(json) ?? .null
        object["recommendations"] = .array(
            recommendations.map { item in
                var figures = JSONObject()
                for figure in item.figures { figures[figure.name] = number(figure.value) }
                return [
                    "subject": .string(item.subject.rawValue), "text": .string(item.text), "figures": .object(figures),
                ]
            })
        return .object(object)
    }

    private func number(_ value: Double?) -> JSON {
        guard let value, value.isFinite else { return .null }
        return .number(value)
    }

    private var best: JSON {
        var object = JSONObject()
        object["loss"] = number(history.updates.map(\.loss).filter(\.isFinite).min())
        for (name, metric) in [
            ("eval_loss", .loss), ("eval_map50_95", .map50To95), ("eval_map50", .map50),
        ] as [(String, TrainingArguments.BestMetric)] {
            guard let place = history.evaluations.bestIndex(by: metric) else { continue }
            let record = history.evaluations[place]
            object[name] = ["value": number(record.value(of: metric)), "step": .integer(Int64(record.step))]
        }
        return .object(object)
    }

    private var trendJSON: JSON {
        [
            "kind": .string(trend.kind.rawValue), "change_over_last_half": number(trend.change),
            "noticeable": number(trend.noticeable), "noise": number(trend.noise),
            "first_loss": number(trend.firstLevel), "last_loss": number(trend.lastLevel),
            "best_loss": number(trend.bestLevel),
            "converged_step": trend.convergedStep.map { .integer(Int64($0)) } ?? .null,
            "spikes": .array(
                trend.spikes.map {
                    ["step": .integer(Int64($0.step)), "loss": number($0.loss), "usual": number($0.usual)]
                }),
        ]
    }

    private func json(_ facts: Overfitting) -> JSON {
        [
            "is_overfitting": .bool(facts.isOverfitting), "best_step": .integer(Int64(facts.bestStep)),
            "best_eval_loss": number(facts.bestLoss), "last_eval_loss": number(facts.lastLoss),
            "eval_rise": number(facts.rise), "train_change": number(facts.trainChange),
        ]
    }

    private func json(_ facts: Gradients) -> JSON {
        [
            "median": number(facts.median), "deviation": number(facts.deviation), "largest": number(facts.largest),
            "clipped_share": number(facts.clippedShare), "skipped": .integer(Int64(facts.skipped)),
            "loss_scale": number(facts.lossScale),
        ]
    }

    private func json(_ facts: Speed) -> JSON {
        [
            "seconds_per_update": number(facts.secondsPerUpdate),
            "examples_per_second": number(facts.examplesPerSecond),
            "tokens_per_second": number(facts.tokensPerSecond),
            "operations_per_update": number(facts.operationsPerUpdate),
            "operations_per_second": number(facts.operationsPerSecond), "measured_peak": number(facts.peak),
            "utilisation": number(facts.utilisation),
        ]
    }
}
