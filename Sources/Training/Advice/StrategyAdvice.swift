import Datasets

/// What to change about a training, from the balance of classes, the speed of convergence and the noise of gradients.
package struct StrategyAdvice: Sendable, Equatable {
    /// An option of `train`, as it is and as it should be, with what says so.
    package struct Change: Sendable, Equatable {
        package let option: String
        package let present: String
        package let proposed: String
        package let reason: String
        package let figures: [MonitorReport.Figure]
    }

    package private(set) var changes: [Change] = []

    /// The share of the median below which the boxes of a class are out of balance.
    static let imbalance = 0.75
    /// Converged before this share of a run, a run had more updates than it used; after `slowShare` it had too few.
    static let fastShare = 0.2, slowShare = 0.75

    /// Judges a training.
    ///
    /// - Parameters:
    ///   - arguments: of the last run, or what `train` would take.
    ///   - report: on the last run; nil without one.
    ///   - noise: of gradients; nil where it was not measured.
    package init(
        _ arguments: TrainingArguments, boxCounts: [Int], exampleCount: Int, report: MonitorReport?,
        noise: GradientNoise?
    ) {
        adviseOnBalance(arguments, boxCounts.filter { $0 > 0 }.sorted())
        if let report { adviseOnRate(arguments, report) }
        if let noise { adviseOnBatch(arguments, noise, exampleCount) }
    }

    private mutating func adviseOnBalance(_ arguments: TrainingArguments, _ counts: [Int]) {
        guard let fewest = counts.first, let most = counts.last else { return }
        let median = counts[counts.count / 2]
        let isUneven = Double(fewest) < Self.imbalance * Double(median)
        let isWeighed = arguments.classWeights != nil
        guard isUneven != isWeighed else { return }
        changes.append(
            Change(
                option: "class-weights", present: isWeighed ? "given" : "none",
                proposed: isUneven ? "balanced" : "none",
                reason: isUneven
                    ? "the rarest class has less than \(Int(100 * Self.imbalance))% of the boxes of the median class"
                    : "all classes have about as many boxes",
                figures: [
                    .init("fewest_boxes", Double(fewest)), .init("median_boxes", Double(median)),
                    .init("most_boxes", Double(most)),
                ]))
    }

    private mutating func adviseOnRate(_ arguments: TrainingArguments, _ report: MonitorReport) {
        guard report.trend.kind != .tooShort else { return }
        let count = report.history.updates.count
        let converged = report.trend.convergedStep.map { Double($0) / Double(max(report.history.totalSteps, count, 1)) }
        var figures: [MonitorReport.Figure] = [
            .init("first_loss", report.trend.firstLevel), .init("last_loss", report.trend.lastLevel),
            .init("change_over_last_half", report.trend.change), .init("noise", report.trend.noise),
        ]
        if let converged { figures.append(.init("converged_share", converged)) }
        let peak = report.peakRate
        if let suggested = report.suggestedRate {
            let reason = report.recommendations.first { $0.subject == .learningRate }?.text ?? "the loss asks for it"
            add(rate: suggested, peak, reason, figures)
        } else if let converged, converged > Self.slowShare, report.trend.kind == .decreasing {
            add(
                rate: 2 * peak, peak,
                "nine tenths of the fall took more than \(Int(100 * Self.slowShare))% of the run, which still falls evenly",
                figures)
        } else if let converged, converged < Self.fastShare, report.trend.noise > 0.1 {
            add(
                rate: peak / 2, peak,
                "nine tenths of the fall were made in the first \(Int(100 * Self.fastShare))% of the run, then noise rules",
                figures)
        }
        if let overfitting = report.overfitting, overfitting.isOverfitting, count > 0 {
            let epochs = arguments.numTrainEpochs * Double(overfitting.bestStep) / Double(count)
            changes.append(
                Change(
                    option: "num-train-epochs", present: Self.text(arguments.numTrainEpochs),
                    proposed: Self.text(max(epochs, 0.5)), reason: "the eval loss rose after its best",
                    figures: [
                        .init("best_eval_loss", overfitting.bestLoss), .init("last_eval_loss", overfitting.lastLoss),
                        .init("best_step", Double(overfitting.bestStep)),
                    ]))
        }
    }

    private mutating func add(rate: Double, _ peak: Double, _ reason: String, _ figures: [MonitorReport.Figure]) {
        changes.append(
            Change(
                option: "learning-rate", present: Self.text(peak), proposed: Self.text(rate), reason: reason,
                figures: figures))
    }

    private mutating func adviseOnBatch(_ arguments: TrainingArguments, _ noise: GradientNoise, _ exampleCount: Int) {
        let micro = arguments.perDeviceTrainBatchSize
        let present = micro * arguments.gradientAccumulationSteps
        // Fewer than eight updates in an epoch are few to learn from, whatever the noise.
        guard let wanted = noise.batchSize(atMost: max(1, exampleCount / 8)), wanted != present else { return }
        let figures: [MonitorReport.Figure] = [
            .init("noise_scale", noise.simpleScale ?? .nan), .init("gradient_variance", noise.variance),
            .init("true_gradient_square", noise.trueSquare), .init("examples", Double(exampleCount)),
        ]
        let reason =
            wanted > present
            ? "noise outweighs the direction of smaller batches" : "larger batches repeat what fewer examples say"
        let newMicro = min(wanted, max(micro, 8))
        for (option, old, new) in [
            ("per-device-train-batch-size", micro, newMicro),
            ("gradient-accumulation-steps", arguments.gradientAccumulationSteps, wanted / newMicro),
        ] where old != new {
            changes.append(
                Change(option: option, present: "\(old)", proposed: "\(new)", reason: reason, figures: figures))
        }
    }

    /// A number as a person would type it: three digits at most.
    static func text(_ value: Double) -> String {
        guard value > 0, value.isFinite else { return "\(value)" }
        var (digits, exponent) = (value, 0)
        while digits >= 10 { (digits, exponent) = (digits / 10, exponent + 1) }
        while digits < 1 { (digits, exponent) = (digits * 10, exponent - 1) }
        let rounded = (digits * 100).rounded() / 100
        let short = "\(rounded)e\(exponent)"
        return Double(short).map { "\($0)" } ?? short
    }
}
