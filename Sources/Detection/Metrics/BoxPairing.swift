/// Pairs the targets of one image with its predictions, whatever their classes.
struct BoxPairing {
    private struct Candidate {
        let target: Int
        let prediction: Int
        let overlap: Double
        let isSameClass: Bool
    }

    private let candidates: [Candidate]

    /// Finds every pair that overlaps by more than a threshold, by target and then by prediction.
    init(image: CheckedImage, iouThreshold: Double) {
        candidates = image.targets.enumerated().flatMap { target, labelled in
            image.predictions.enumerated().compactMap { prediction, predicted in
                let overlap = labelled.box.iou(predicted.box)
                guard overlap > iouThreshold else { return nil }
                return Candidate(
                    target: target, prediction: prediction, overlap: overlap,
                    isSameClass: labelled.classID == predicted.classID)
            }
        }
    }

    /// The prediction of each target that has one; no prediction serves two.
    func pairs(_ compatibility: ConfusionMatrix.Compatibility) -> [Int: Int] {
        switch compatibility {
        case .newest: greedyPairs()
        case .supervision025: reSortedPairs()
        }
    }

    /// Same class first, then the largest overlap, each box once.
    private func greedyPairs() -> [Int: Int] {
        let byOverlap = candidates.indicesByFalling(\.overlap).map { candidates[$0] }
        var pairs: [Int: Int] = [:]
        var isTaken: Set<Int> = []
        for candidate in byOverlap.filter(\.isSameClass) + byOverlap.filter({ !$0.isSameClass }) {
            guard pairs[candidate.target] == nil, isTaken.insert(candidate.prediction).inserted else { continue }
            pairs[candidate.target] = candidate.prediction
        }
        return pairs
    }

    /// Each prediction keeps the target it overlaps most, then each target the prediction that overlaps it most; of
    /// equal overlaps the later one wins, because the sort there is turned around.
    private func reSortedPairs() -> [Int: Int] {
        var targets: [Int: Candidate] = [:]
        for candidate in candidates where candidate.overlap >= targets[candidate.prediction]?.overlap ?? 0 {
            targets[candidate.prediction] = candidate
        }
        var pairs: [Int: Candidate] = [:]
        for candidate in targets.values.sorted(by: { $0.prediction < $1.prediction })
        where candidate.overlap >= pairs[candidate.target]?.overlap ?? 0 {
            pairs[candidate.target] = candidate
        }
        return pairs.mapValues(\.prediction)
    }
}
