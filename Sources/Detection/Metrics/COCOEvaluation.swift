/// Scoring as `pycocotools.cocoeval.COCOeval` does it for boxes without crowds.
///
/// Source: the COCO evaluation protocol, cocodataset.org; fixtures made by pycocotools 2.0.11.
struct COCOEvaluation {
    let images: [CheckedImage]
    let classes: [String]

    private static let recallLevels = MeanAveragePrecision.linspace(0, 1, count: 101)

    /// The most detections of one class that count in an image.
    private enum DetectionLimit: Int, CaseIterable {
        case one = 1
        case ten = 10
        case hundred = 100
    }

    func result() -> MeanAveragePrecision {
        let perClass = classes.indices.map { classID in
            let matchings = ClassMatching.all(images: images, classID: classID, limit: DetectionLimit.hundred.rawValue)
            return AreaRange.allCases.map { range in
                matchings.compactMap { $0.matches(in: range) }
            }
        }
        func curves(_ range: AreaRange, _ limit: DetectionLimit = .hundred) -> [PrecisionRecall?] {
            perClass.map { precisionRecall($0[range.rawValue], limit: limit.rawValue) }
        }
        func meanRecall(_ range: AreaRange, _ limit: DetectionLimit = .hundred) -> Double? {
            curves(range, limit).compactMap { $0 }.flatMap(\.recalls).mean
        }
        let all = curves(.all)
        return MeanAveragePrecision(
            all: summary(all), small: summary(curves(.small)), medium: summary(curves(.medium)),
            large: summary(curves(.large)),
            classes: classes.indices.map { classID in
                MeanAveragePrecision.ClassResult(
                    classID: classID, name: classes[classID],
                    targetCount: images.reduce(0) { $0 + $1.targets.count { $0.classID == classID } },
                    averagePrecisions: all[classID]?.averagePrecisions)
            },
            recall: MeanAveragePrecision.Recall(
                max1: meanRecall(.all, .one), max10: meanRecall(.all, .ten), max100: meanRecall(.all),
                small: meanRecall(.small), medium: meanRecall(.medium), large: meanRecall(.large)))
    }

    private func summary(_ curves: [PrecisionRecall?]) -> MeanAveragePrecision.Summary {
        let present = curves.compactMap { $0?.averagePrecisions }
        return MeanAveragePrecision.Summary(
            map50To95: present.flatMap { $0 }.mean, map50: present.map { $0[0] }.mean,
            map75: present.map { $0[5] }.mean)
    }

    /// Average precision and final recall of one class at each IoU threshold.
    private struct PrecisionRecall {
        var averagePrecisions: [Double] = []
        var recalls: [Double] = []
    }

    /// Joins the matches of one class over all images, or nil where no target counts.
    private func precisionRecall(_ matches: [ImageMatches], limit: Int) -> PrecisionRecall? {
        let targetCount = matches.reduce(0) { $0 + $1.countedTargets }
        guard targetCount > 0 else { return nil }
        let places = matches.enumerated().flatMap { image, match in
            match.confidences.prefix(limit).indices.map { (image: image, row: $0) }
        }
        let sorted = places.indicesByFalling { matches[$0.image].confidences[$0.row] }.map { places[$0] }
        var result = PrecisionRecall()
        for threshold in MeanAveragePrecision.iouThresholds.indices {
            let outcomes = sorted.map { matches[$0.image].outcomes[threshold][$0.row] }
            let curve = PrecisionCurve(outcomes: outcomes, targetCount: targetCount)
            result.averagePrecisions.append(curve.averagePrecision(at: Self.recallLevels))
            result.recalls.append(curve.recalls.last ?? 0)
        }
        return result
    }
}

/// Precision against recall, one point a detection, from the most confident down.
private struct PrecisionCurve {
    private(set) var precisions: [Double] = []
    private(set) var recalls: [Double] = []

    init(outcomes: [DetectionOutcome], targetCount: Int) {
        var hits = 0.0
        var misses = 0.0
        for outcome in outcomes {
            switch outcome {
            case .hit: hits += 1
            case .miss: misses += 1
            case .ignored: break
            }
            recalls.append(hits / Double(targetCount))
            precisions.append(hits / (hits + misses + Double.ulpOfOne))
        }
        for i in precisions.indices.dropFirst().reversed() where precisions[i] > precisions[i - 1] {
            precisions[i - 1] = precisions[i]
        }
    }

    /// The mean, over recall levels, of the best precision at that recall or above; zero past the last point.
    func averagePrecision(at levels: [Double]) -> Double {
        var point = 0
        var sum = 0.0
        for level in levels {
            while point < recalls.count, recalls[point] < level {
                point += 1
            }
            guard point < recalls.count else { break }
            sum += precisions[point]
        }
        return sum / Double(levels.count)
    }
}
