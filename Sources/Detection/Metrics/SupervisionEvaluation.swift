/// Scoring as `supervision.metrics.MeanAveragePrecision` of 0.25.1 does it.
///
/// It differs from COCO's: precision has no envelope, images without targets are skipped with their false positives,
/// a target that two detections want goes to the one that comes first in the list whatever its confidence, small
/// medium and large are scored on sets filtered by area, and nothing limits the number of detections.
struct SupervisionEvaluation {
    let images: [CheckedImage]
    let classes: [String]

    private static let recallLevels = MeanAveragePrecision.linspace(0, 1, count: 101)

    func result() -> MeanAveragePrecision {
        let all = averagePrecisions(images)
        return MeanAveragePrecision(
            all: summary(all), small: summary(averagePrecisions(of: { $0 < 1024 })),
            medium: summary(averagePrecisions(of: { $0 >= 1024 && $0 < 9216 })),
            large: summary(averagePrecisions(of: { $0 >= 9216 })),
            classes: classes.indices.map { classID in
                MeanAveragePrecision.ClassResult(
                    classID: classID, name: classes[classID],
                    targetCount: images.reduce(0) { $0 + $1.targets.count { $0.classID == classID } },
                    averagePrecisions: all[classID])
            },
            recall: nil)
    }

    /// Means over classes; zero, as there, where no class has a target.
    private func summary(_ perClass: [Int: [Double]]) -> MeanAveragePrecision.Summary {
        let scores = perClass.sorted { $0.key < $1.key }.map(\.value)
        return MeanAveragePrecision.Summary(
            map50To95: scores.flatMap { $0 }.mean ?? 0, map50: scores.map { $0[0] }.mean ?? 0,
            map75: scores.map { $0[5] }.mean ?? 0)
    }

    private func averagePrecisions(of isKept: (Double) -> Bool) -> [Int: [Double]] {
        averagePrecisions(
            images.map { image in
                CheckedImage(
                    predictions: image.predictions.filter { isKept($0.box.area) },
                    targets: image.targets.filter { isKept($0.box.area) })
            })
    }

    /// Average precision of each class that has targets, at each IoU threshold.
    private func averagePrecisions(_ images: [CheckedImage]) -> [Int: [Double]] {
        let scored = images.filter { !$0.targets.isEmpty }
        let targetCounts = Dictionary(scored.flatMap { $0.targets.map { ($0.classID, 1) } }, uniquingKeysWith: +)
        var averages = targetCounts.mapValues { _ in [Double]() }
        let predictions = scored.flatMap(\.predictions)
        let order = predictions.indicesByFalling(\.confidence)
        for threshold in MeanAveragePrecision.iouThresholds {
            let isHit = scored.flatMap { Self.hits(in: $0, at: threshold) }
            for (classID, targetCount) in targetCounts {
                let hits = order.filter { predictions[$0].classID == classID }.map { isHit[$0] }
                averages[classID]?.append(Self.averagePrecision(hits: hits, targetCount: targetCount))
            }
        }
        return averages
    }

    /// Whether each prediction of an image finds a target of its class.
    ///
    /// Each prediction wants the target it overlaps most (of equal ones the last); each target goes to the first
    /// prediction that wants it.
    private static func hits(in image: CheckedImage, at threshold: Double) -> [Bool] {
        var isTaken = [Bool](repeating: false, count: image.targets.count)
        return image.predictions.map { prediction in
            var wanted: Int?
            var best = 0.0
            for (place, target) in image.targets.enumerated() where target.classID == prediction.classID {
                let overlap = target.box.iou(prediction.box)
                guard overlap >= threshold, overlap >= best else { continue }
                (wanted, best) = (place, overlap)
            }
            guard let wanted, !isTaken[wanted] else { return false }
            isTaken[wanted] = true
            return true
        }
    }

    /// The mean, over recall levels, of the precision at the first point that reaches the level.
    private static func averagePrecision(hits: [Bool], targetCount: Int) -> Double {
        var hitCount = 0.0
        var points: [(recall: Double, precision: Double)] = []
        for (place, isHit) in hits.enumerated() {
            hitCount += isHit ? 1 : 0
            points.append((hitCount / Double(targetCount), hitCount / Double(place + 1)))
        }
        var sum = 0.0
        var point = 0
        for level in recallLevels {
            while point < points.count, points[point].recall < level {
                point += 1
            }
            guard point < points.count else { break }
            sum += points[point].precision
        }
        return sum / Double(recallLevels.count)
    }
}
