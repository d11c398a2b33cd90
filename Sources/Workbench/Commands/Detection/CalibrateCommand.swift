import Console
import Detection
import Images

/// `calibrate`: makes confidences say how often boxes are right.
struct CalibrateCommand: Command {
    static let name = "calibrate"
    static let summary =
        "fit a temperature to the confidences of the last evaluation, with the calibration error before and after"
    static let discussion = """
        Evaluate the validation split first. A box is right where it overlaps a target of its class by --iou-threshold and no
        more confident box does. From then on `infer` and `evaluate` scale confidences made in the same way; `model save`
        keeps the temperature. Thresholds chosen before are dropped: they spoke of other numbers.
        """
    static let examples = ["calibrate"]

    @Option("the least overlap of a right box", in: 0...1) var iouThreshold = 0.5

    mutating func run(_ context: CommandContext) throws {
        let evaluated = try context.rankedPredictions()
        let raw = try ConfidenceSample.all(
            evaluated.images(scaledBy: nil), classes: evaluated.classes, iouThreshold: iouThreshold)
        guard let scaling = TemperatureScaling(fitting: raw) else {
            throw Failure(code: "NoBoxes", message: "\(evaluated.split.rawValue) has no boxes to calibrate by")
        }
        let scaled = raw.map {
            ConfidenceSample(
                confidence: scaling.applied(to: $0.confidence), isCorrect: $0.isCorrect, classID: $0.classID)
        }
        let (before, after) = (Reliability(raw), Reliability(scaled))
        var tuning = context.tuning
        tuning.temperatures[evaluated.scores.rawValue] = scaling.temperature
        if !tuning.thresholds.isEmpty {
            context.warn("the thresholds chosen before are dropped; `thresholds` chooses new ones")
            (tuning.thresholds, tuning.thresholdScores) = ([:], nil)
        }
        context.tuning = tuning
        let right = raw.count { $0.isCorrect }
        context.emit(
            .fields(
                Fields([
                    (
                        "boxes",
                        "\(raw.count) of \(evaluated.split.rawValue), \(right) right, by \(evaluated.scores.rawValue) scores"
                    ),
                    ("temperature", "\(scaling.temperature, .fixed(4))"),
                    (
                        "calibration error",
                        "\(before.expectedError, .fixed(4)) before, \(after.expectedError, .fixed(4)) after"
                    ),
                ])))
        if right == 0 || right == raw.count {
            context.warn("all boxes are \(right == 0 ? "wrong" : "right"), so the temperature is only a bound")
        }
        if right > 0, right < raw.count, scaling.isAtBound {
            context.warn("the temperature is at its bound: these confidences say little of which boxes are right")
        }
        context.emit(.table(table(before, after)))
        try context.emit(.image(context.save(picture(before, after, evaluated), alt: "reliability of confidences")))
    }

    private func table(_ before: Reliability, _ after: Reliability) -> Table {
        var table = Table("confidence", "boxes before", "right", "boxes after", "right")
        for (old, new) in zip(before.bins, after.bins) where old.count + new.count > 0 {
            table.add([
                "\(old.lower, .fixed(1)) to \(old.upper, .fixed(1))", "\(old.count)", share(old), "\(new.count)",
                share(new),
            ])
        }
        return table
    }

    private func share(_ bin: Reliability.Bin) -> Text { bin.count == 0 ? "-" : "\(bin.accuracy, .fixed(3))" }

    private func picture(_ before: Reliability, _ after: Reliability, _ evaluated: EvaluatedSplit) -> ImageBuffer {
        func points(_ reliability: Reliability) -> [Canvas.Point] {
            reliability.bins.filter { $0.count > 0 }.map { Canvas.Point(x: $0.confidence, y: $0.accuracy) }
        }
        return LineChart(
            title: "Reliability, \(evaluated.split.rawValue)", xLabel: "confidence", yLabel: "share of right boxes",
            series: [
                .init(
                    name: "perfect", points: [.init(x: 0, y: 0), .init(x: 1, y: 1)],
                    color: Color(red: 190, green: 190, blue: 190)),
                .init(name: "before", points: points(before)), .init(name: "after", points: points(after)),
            ], xRange: 0...1, yRange: 0...1
        ).makeImage(width: 640, height: 560)
    }
}

extension CommandContext {
    /// The last evaluation, if its boxes have confidences and none was left out by thresholds.
    func rankedPredictions() throws -> EvaluatedSplit {
        guard let evaluated = workspace[PredictionsSlot.self] else {
            throw Failure(code: "NothingEvaluated", message: "nothing has been evaluated yet", next: "evaluate valid")
        }
        guard evaluated.isRanked else {
            throw Failure(
                code: "Unranked", message: "the boxes of the last evaluation have no confidences",
                next: "evaluate \(evaluated.split.rawValue) --scores joint")
        }
        guard !evaluated.isFiltered else {
            throw Failure(
                code: "Filtered", message: "thresholds have left out boxes of the last evaluation",
                next: "evaluate \(evaluated.split.rawValue), without --thresholds")
        }
        if evaluated.split == .test {
            warn("chosen on test, which then no longer judges it; better `evaluate valid` before")
        }
        return evaluated
    }
}
