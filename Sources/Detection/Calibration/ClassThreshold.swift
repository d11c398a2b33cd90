/// The confidence from which boxes of a class count, chosen for the best F1.
package struct ClassThreshold: Sendable, Equatable {
    /// The class's name.
    package let name: String
    /// The least confidence that counts; nil where there was nothing to choose by.
    package let threshold: Double?
    /// What the threshold gives.
    package let scores: ClassScores

    /// The guide's thresholds: 0.30 to 0.85 in steps of 0.05.
    package static let grid = (0...11).map { Double(30 + 5 * $0) / 100 }

    /// Chooses a threshold for each class; of equally good ones the lowest.
    ///
    /// - Parameters:
    ///   - samples: boxes of all images, with their confidences.
    ///   - targetCounts: how many objects of each class there are.
    ///   - candidates: thresholds to choose from; nil for every confidence that occurs.
    package static func best(
        _ samples: [ConfidenceSample], targetCounts: [Int], classes: [String], candidates: [Double]? = grid
    ) -> [ClassThreshold] {
        classes.indices.map { classID in
            let own = samples.filter { $0.classID == classID }
            let tried = (candidates ?? Set(own.map(\.confidence)).sorted()).map { threshold in
                (threshold, scores(own, from: threshold, targetCounts[classID], classes[classID]))
            }
            let best = tried.reduce(tried.first) { best, next in
                next.1.f1 > (best?.1.f1 ?? -1) ? next : best
            }
            guard let best, targetCounts[classID] > 0, !own.isEmpty else {
                return ClassThreshold(
                    name: classes[classID], threshold: nil,
                    scores: scores(own, from: 0, targetCounts[classID], classes[classID]))
            }
            return ClassThreshold(name: classes[classID], threshold: best.0, scores: best.1)
        }
    }

    private static func scores(
        _ samples: [ConfidenceSample], from threshold: Double, _ targetCount: Int, _ name: String
    ) -> ClassScores {
        let kept = samples.filter { $0.confidence >= threshold }
        let hits = kept.count { $0.isCorrect }
        return ClassScores(
            name: name, truePositives: hits, falsePositives: kept.count - hits, falseNegatives: targetCount - hits)
    }
}

/// Precision against recall of boxes from the most confident down: one point for each confidence that occurs.
package struct PrecisionRecallPoint: Sendable, Equatable {
    /// The least confidence that counts here.
    package let confidence: Double
    /// The share of boxes that are right.
    package let precision: Double
    /// The share of targets that are found.
    package let recall: Double

    /// The curve of samples, recall rising.
    package static func curve(_ samples: [ConfidenceSample], targetCount: Int) -> [PrecisionRecallPoint] {
        var points: [PrecisionRecallPoint] = []
        var (hits, count) = (0, 0)
        let sorted = samples.sorted { $0.confidence > $1.confidence }
        for (place, sample) in sorted.enumerated() {
            count += 1
            hits += sample.isCorrect ? 1 : 0
            // Boxes of equal confidence count together.
            if place + 1 < sorted.count, sorted[place + 1].confidence == sample.confidence { continue }
            points.append(
                PrecisionRecallPoint(
                    confidence: sample.confidence, precision: Double(hits) / Double(count),
                    recall: targetCount == 0 ? 0 : Double(hits) / Double(targetCount)))
        }
        return points
    }
}
