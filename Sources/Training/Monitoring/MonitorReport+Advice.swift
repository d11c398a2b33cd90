/// What to do next. Each rule says what it rests on; thresholds are named where they are compared.
extension MonitorReport {
    mutating func recommend() {
        adviseOnTrend()
        adviseOnOverfitting()
        adviseOnGradients()
        adviseOnSpeed()
        if recommendations.isEmpty {
            add(.nothing, "Nothing stands out; go on as it is.", [Figure("updates", Double(trend.count))])
        }
    }

    private mutating func add(_ subject: Recommendation.Subject, _ text: String, _ figures: [Figure]) {
        recommendations.append(Recommendation(subject: subject, text: text, figures: figures))
    }

    /// Suggests another rate.
    private mutating func suggest(_ factor: Double, _ text: String, _ figures: [Figure]) {
        suggestedRate = peakRate * factor
        add(
            .learningRate, text,
            figures + [Figure("learning_rate", peakRate), Figure("suggested_learning_rate", peakRate * factor)])
    }

    private mutating func adviseOnTrend() {
        let change = Figure("change_over_last_half", trend.change)
        let levels = [
            Figure("first_loss", trend.firstLevel), Figure("best_loss", trend.bestLevel),
            Figure("last_loss", trend.lastLevel),
        ]
        switch trend.kind {
        case .tooShort:
            add(
                .length, "Too few updates to judge the loss; \(LossTrend.leastCount) are needed.",
                [Figure("updates", Double(trend.count))])
        case .diverging:
            suggest(
                1.0 / 3, "The loss rises: begin again from the best checkpoint with a third of the learning rate.",
                levels + [change])
        case .oscillating:
            suggest(
                0.5,
                "The loss goes up and down without falling: halve the learning rate, or accumulate more gradients.",
                [Figure("noise", trend.noise), change])
        case .spike:
            add(
                .stability,
                "Single losses stand far above their neighbours: look at those examples (dataset doctor), or clip harder.",
                trend.spikes.prefix(3).flatMap { spike in
                    [Figure("step", Double(spike.step)), Figure("loss", spike.loss), Figure("usual_loss", spike.usual)]
                })
        case .decreasing:
            // What is learned now is not what is asked for, where the eval loss rises meanwhile.
            if trend.change < -0.1, overfitting?.isOverfitting != true {
                add(.length, "The loss still falls at the end: train for more epochs.", levels + [change])
            }
        case .plateau: adviseOnPlateau(levels + [change])
        }
    }

    private mutating func adviseOnPlateau(_ figures: [Figure]) {
        let fall = 1 - trend.bestLevel / trend.firstLevel
        guard fall < 0.05 else {
            let since = trend.convergedStep.map { [Figure("converged_step", Double($0))] } ?? []
            add(
                .length, "The loss has fallen and stands still: more updates at this rate bring little.",
                figures + since)
            return
        }
        suggest(
            3, "The loss has hardly fallen: try three times the learning rate, and see that the right weights learn.",
            figures + [Figure("fall", fall)])
    }

    private mutating func adviseOnOverfitting() {
        guard let overfitting, overfitting.isOverfitting else { return }
        add(
            .overfitting,
            "The eval loss rises while the training loss falls: stop at the best evaluation (--load-best-model-at-end, "
                + "--early-stopping-patience), or use fewer epochs, more data, or label smoothing.",
            [
                Figure("best_step", Double(overfitting.bestStep)), Figure("best_eval_loss", overfitting.bestLoss),
                Figure("last_eval_loss", overfitting.lastLoss), Figure("eval_rise", overfitting.rise),
                Figure("train_change", overfitting.trainChange),
            ])
    }

    private mutating func adviseOnGradients() {
        guard let gradients else { return }
        // A loss scale is sought by skipping: that is no fault unless it goes on.
        let usual = gradients.lossScale == nil ? 0 : history.updates.count / 10
        if gradients.skipped > usual {
            add(
                .gradients, "Updates were not finite and were skipped: lower the learning rate, or compute in float32.",
                [Figure("skipped", Double(gradients.skipped)), Figure("updates", Double(history.updates.count))])
        }
        if gradients.clippedShare > 0.9, trend.kind != .tooShort {
            add(
                .gradients,
                "Nearly every update is clipped, so that large and small gradients count alike: raise --max-grad-norm to the median.",
                [
                    Figure("clipped_share", gradients.clippedShare), Figure("max_grad_norm", history.maxGradNorm),
                    Figure("median_norm", gradients.median),
                ])
        }
    }

    private mutating func adviseOnSpeed() {
        guard let speed, let utilisation = speed.utilisation, utilisation < 0.3 else { return }
        add(
            .speed, "The device could do more: larger micro-batches use it better, memory allowing (resources).",
            [
                Figure("utilisation", utilisation), Figure("operations_per_second", speed.operationsPerSecond ?? 0),
                Figure("measured_peak", speed.peak ?? 0),
            ])
    }
}
