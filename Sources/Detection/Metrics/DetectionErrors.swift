/// What went wrong in detection, each wrong box and each missed object under one kind.
///
/// Predictions are gone through from the most confident down; each takes the free target of its class that it overlaps
/// most, if they overlap by `iouThreshold` at least. What is left over is an error.
/// - Source: after Bolya et al., "TIDE: a general toolbox for identifying object detection errors", 2020.
package struct DetectionErrors: Sendable, Equatable {
    /// A kind of error. A wrong box is of the first kind that fits it, in this order; overlaps are those with the target
    /// that it overlaps most.
    package enum Kind: String, Sendable, CaseIterable {
        /// It overlaps a target of its class, by `backgroundThreshold` at least but less than `iouThreshold`.
        case location
        /// It lies well on a target of another class.
        case `class`
        /// It lies well on a target of its class that a more confident box has taken.
        case duplicate
        /// It overlaps no target by as much as `backgroundThreshold`.
        case background
        /// It lies badly on a target of another class.
        case classAndLocation = "class and location"
        /// A target that no box took, and that no location or class error stands for.
        case missed
    }

    /// How boxes are judged.
    package struct Options: Sendable, Equatable {
        /// Predictions with a lower confidence are left out.
        package var confidenceThreshold = 0.3
        /// From this IoU on a box lies well on a target.
        package var iouThreshold = 0.5
        /// Below this IoU a box has nothing to do with a target.
        package var backgroundThreshold = 0.1

        /// Thresholds of TIDE, and supervision's for confidence.
        package init() {}
    }

    /// The names of the classes.
    package let classes: [String]
    /// Boxes that are right, by class.
    package private(set) var correct: [Int]
    /// Errors, by the class that was predicted; missed ones by the class of the target.
    package private(set) var counts: [[Kind: Int]]

    /// How many errors of a kind there are.
    package func total(_ kind: Kind) -> Int { counts.reduce(0) { $0 + ($1[kind] ?? 0) } }

    /// Judges predictions.
    ///
    /// - Throws: `MetricError` for a class outside the list, a number that is not finite, or a threshold outside 0…1.
    package static func evaluate(
        _ images: [ScoredImage], classes: [String], options: Options = Options()
    ) throws(MetricError) -> DetectionErrors {
        for (name, value) in [
            ("conf_threshold", options.confidenceThreshold), ("iou_threshold", options.iouThreshold),
            ("background_threshold", options.backgroundThreshold),
        ] where !(0...1).contains(value) {
            throw .threshold(name: name, value: value)
        }
        let checked = try CheckedImage.check(images, classCount: classes.count) { $0 >= options.confidenceThreshold }
        var errors = DetectionErrors(classes: classes)
        for image in checked { errors.count(image, options) }
        return errors
    }

    private init(classes: [String]) {
        self.classes = classes
        correct = Array(repeating: 0, count: classes.count)
        counts = Array(repeating: [:], count: classes.count)
    }

    private mutating func count(_ image: CheckedImage, _ options: Options) {
        let matching = GreedyMatching(image, iouThreshold: options.iouThreshold)
        var explained: Set<Int> = []
        for (place, box) in image.predictions.enumerated() {
            guard matching.target(of: place) == nil else {
                correct[box.classID] += 1
                continue
            }
            let (kind, target) = kind(of: box, image.targets, options)
            counts[box.classID][kind, default: 0] += 1
            if let target, kind == .location || kind == .class { explained.insert(target) }
        }
        for (place, target) in image.targets.enumerated()
        where !matching.isTaken[place] && !explained.contains(place) {
            counts[target.classID][.missed, default: 0] += 1
        }
    }

    /// The kind of a wrong box, and the target that it stands for.
    private func kind(
        of box: ScoredBox, _ targets: [ScoredBox], _ options: Options
    ) -> (kind: Kind, target: Int?) {
        func best(where isMeant: (ScoredBox) -> Bool) -> (target: Int, overlap: Double)? {
            targets.indices.filter { isMeant(targets[$0]) }.map { ($0, targets[$0].box.iou(box.box)) }
                .reduce(nil) { best, next in (best?.1 ?? -1) >= next.1 ? best : next }
        }
        let same = best { $0.classID == box.classID }
        let other = best { $0.classID != box.classID }
        if let same, same.overlap >= options.backgroundThreshold, same.overlap < options.iouThreshold {
            return (.location, same.target)
        }
        if let other, other.overlap >= options.iouThreshold { return (.class, other.target) }
        if let same, same.overlap >= options.iouThreshold { return (.duplicate, same.target) }
        let largest = max(same?.overlap ?? 0, other?.overlap ?? 0)
        return largest < options.backgroundThreshold ? (.background, nil) : (.classAndLocation, other?.target)
    }
}

/// Predictions and targets of one image, paired from the most confident prediction down.
struct GreedyMatching {
    /// Whether each target has a prediction.
    private(set) var isTaken: [Bool]
    private var targets: [Int: Int] = [:]

    /// Gives each prediction the free target of its class that it overlaps most, the first of equals.
    init(_ image: CheckedImage, iouThreshold: Double) {
        isTaken = Array(repeating: false, count: image.targets.count)
        for place in image.predictions.indicesByFalling(\.confidence) {
            let box = image.predictions[place]
            var best: (target: Int, overlap: Double)?
            for (number, target) in image.targets.enumerated()
            where !isTaken[number] && target.classID == box.classID {
                let overlap = target.box.iou(box.box)
                if overlap >= iouThreshold, overlap > best?.overlap ?? -1 { best = (number, overlap) }
            }
            guard let best else { continue }
            isTaken[best.target] = true
            targets[place] = best.target
        }
    }

    /// The target of a prediction, nil where it has none.
    func target(of prediction: Int) -> Int? { targets[prediction] }
}
