/// A range of target areas, in square pixels; both ends belong to it, as in COCO's parameters.
enum AreaRange: Int, CaseIterable {
    case all, small, medium, large

    /// Whether an area lies in the range.
    func contains(_ area: Double) -> Bool {
        switch self {
        case .all: (0...1e10).contains(area)
        case .small: (0...1024).contains(area)
        case .medium: (1024...9216).contains(area)
        case .large: (9216...1e10).contains(area)
        }
    }
}

/// What became of one detection at one IoU threshold.
enum DetectionOutcome {
    /// It found a target.
    case hit
    /// It found none.
    case miss
    /// It found a target outside the area range, or lies outside it itself.
    case ignored
}

/// The detections of one class in one image, matched within one area range.
struct ImageMatches {
    /// Falling confidences.
    let confidences: [Double]
    /// What became of each detection, `[IoU threshold][detection]`.
    let outcomes: [[DetectionOutcome]]
    /// The number of targets inside the area range.
    let countedTargets: Int
}

/// The detections and targets of one class in one image, with their overlaps.
struct ClassMatching {
    private let detections: [COCOBox]
    private let confidences: [Double]
    private let targets: [COCOBox]
    /// `[detection][target]`.
    private let overlaps: [[Double]]

    /// One matching an image; detections beyond `limit` are dropped, the least confident first.
    static func all(images: [CheckedImage], classID: Int, limit: Int) -> [ClassMatching] {
        images.map { image in
            let predictions = image.predictions.filter { $0.classID == classID }
            let kept = predictions.indicesByFalling(\.confidence).prefix(limit).map { predictions[$0] }
            return ClassMatching(predictions: kept, targets: image.targets.filter { $0.classID == classID })
        }
    }

    private init(predictions: [ScoredBox], targets: [ScoredBox]) {
        let detections = predictions.map { COCOBox($0.box) }
        let targets = targets.map { COCOBox($0.box) }
        self.detections = detections
        self.targets = targets
        confidences = predictions.map(\.confidence)
        overlaps = detections.map { detection in targets.map { detection.iou($0) } }
    }

    /// Matches within one area range, or nil where the image has nothing of the class.
    func matches(in range: AreaRange) -> ImageMatches? {
        guard !detections.isEmpty || !targets.isEmpty else { return nil }
        let isCounted = targets.map { range.contains($0.area) }
        let order = targets.indices.filter { isCounted[$0] } + targets.indices.filter { !isCounted[$0] }
        let outcomes = MeanAveragePrecision.iouThresholds.map { threshold in
            self.outcomes(at: threshold, order: order, isCounted: isCounted, range: range)
        }
        return ImageMatches(
            confidences: confidences, outcomes: outcomes, countedTargets: isCounted.count { $0 })
    }

    /// Gives each detection, from the most confident down, the free target it overlaps most; counted targets go first.
    private func outcomes(
        at threshold: Double, order: [Int], isCounted: [Bool], range: AreaRange
    ) -> [DetectionOutcome] {
        var isTaken = [Bool](repeating: false, count: targets.count)
        return detections.indices.map { detection in
            var best: Int?
            var bestOverlap = min(threshold, 1 - 1e-10)
            for target in order where !isTaken[target] {
                if let best, isCounted[best], !isCounted[target] { break }
                guard overlaps[detection][target] >= bestOverlap else { continue }
                bestOverlap = overlaps[detection][target]
                best = target
            }
            guard let best else {
                return range.contains(detections[detection].area) ? .miss : .ignored
            }
            isTaken[best] = true
            return isCounted[best] ? .hit : .ignored
        }
    }
}

/// A box as COCO stores it, by corner and extent; edges are added up anew, so that ties fall as they do there.
private struct COCOBox {
    private let x, y, width, height: Double

    init(_ box: Box) {
        (x, y, width, height) = (box.xMin, box.yMin, box.width, box.height)
    }

    var area: Double { width * height }

    func iou(_ other: COCOBox) -> Double {
        let sharedWidth = min(x + width, other.x + other.width) - max(x, other.x)
        let sharedHeight = min(y + height, other.y + other.height) - max(y, other.y)
        guard sharedWidth > 0, sharedHeight > 0 else { return 0 }
        let shared = sharedWidth * sharedHeight
        return shared / (area + other.area - shared)
    }
}
