import Detection

/// What to change about a model, from what it gets wrong: sizes that it misses, edges that lie off, classes it takes for
/// one another.
package struct ArchitectureAdvice: Sendable, Equatable {
    /// Something to change.
    package enum Kind: String, Sendable, CaseIterable {
        /// Look at pictures in tiles.
        case tiles
        /// Read pictures at a higher resolution.
        case resolution
        /// Let the vision tower's attention learn, through an adapter.
        case visionAttention = "vision-attention"
        /// Let the projector learn.
        case projector
        /// A larger rank.
        case rank
    }

    /// A proposal, with the numbers that it rests on and the options that make it so.
    package struct Proposal: Sendable, Equatable {
        package let kind: Kind
        package let reason: String
        package let figures: [MonitorReport.Figure]
        package let command: String
    }

    /// What is known of the model.
    package struct Model: Sendable, Equatable {
        /// The side of the pictures that it reads, and of a patch, in pixels.
        package var imageSize: Int, patchSize: Int
        /// Of the adapter; nil without one.
        package var rank: Int?
        package var adaptsVision: Bool
        package var trainsProjector: Bool

        /// Facts of a model.
        package init(imageSize: Int, patchSize: Int, rank: Int?, adaptsVision: Bool, trainsProjector: Bool) {
            (self.imageSize, self.patchSize, self.rank) = (imageSize, patchSize, rank)
            (self.adaptsVision, self.trainsProjector) = (adaptsVision, trainsProjector)
        }
    }

    /// Targets by their size as the model sees them: the longer side, in patches.
    package struct SizeRow: Sendable, Equatable {
        package let name: String
        package let targetCount: Int
        /// The share of targets that a box of their class lies well on.
        package let recall: Double
        /// The mean overlap of those.
        package let meanIoU: Double
    }

    package let sizes: [SizeRow]
    /// The mean overlap of boxes that are right.
    package let meanIoU: Double
    package let map: MeanAveragePrecision
    package let errors: DetectionErrors
    package private(set) var proposals: [Proposal] = []
    /// The side of pictures that `resolution` proposes, in pixels.
    package private(set) var imageSize: Int?

    /// Sides in patches that bound the rows of sizes.
    static let sizeBounds = [2.0, 4.0, 8.0]
    /// Shares of targets from which errors of a kind count.
    static let locationShare = 0.05, classShare = 0.1
    /// How far AP at 0.75 may fall below AP at 0.50, and recall of one size below that of the largest.
    static let precisionGap = 0.1, recallGap = 0.1
    /// A mean overlap below which edges lie off.
    static let looseIoU = 0.8
    /// Fewer targets of a size say nothing.
    static let leastTargets = 5

    /// Judges an evaluation.
    ///
    /// - Parameters:
    ///   - sizes: of the pictures, in their pixels.
    package init(
        _ images: [ScoredImage], sizes: [(width: Int, height: Int)], classes: [String], model: Model,
        confidenceThreshold: Double = 0
    ) throws(MetricError) {
        map = try MeanAveragePrecision.evaluate(images, classes: classes)
        var options = DetectionErrors.Options()
        options.confidenceThreshold = confidenceThreshold
        errors = try DetectionErrors.evaluate(images, classes: classes, options: options)
        let overlaps = Self.overlaps(images, sizes: sizes, model)
        self.sizes = Self.rows(overlaps)
        let right = overlaps.compactMap(\.overlap)
        meanIoU = right.isEmpty ? .nan : right.reduce(0, +) / Double(right.count)
        let sides = sizes.map { Double(max($0.width, $0.height)) }.sorted()
        propose(model, pictureSide: sides.isEmpty ? 0 : sides[sides.count / 2], targets: overlaps.count)
    }

    /// For each target its longer side in patches, and its overlap with the box that is right, if there is one.
    private static func overlaps(
        _ images: [ScoredImage], sizes: [(width: Int, height: Int)], _ model: Model
    ) -> [(side: Double, overlap: Double?)] {
        zip(images, sizes).flatMap { image, size in
            let (found, targets) = (image.predictions, image.targets)
            return targets.boxes.indices.map { row in
                let box = targets.boxes[row]
                let scale = Double(model.imageSize) / Double(model.patchSize)
                let side = max(
                    box.width / Double(max(size.width, 1)), box.height / Double(max(size.height, 1)))
                let best = found.boxes.indices.filter { found.classNames[$0] == targets.classNames[row] }
                    .map { found.boxes[$0].iou(box) }.max()
                return (side * scale, best.flatMap { $0 >= 0.5 ? $0 : nil })
            }
        }
    }

    private static func rows(_ overlaps: [(side: Double, overlap: Double?)]) -> [SizeRow] {
        let bounds = [0] + sizeBounds + [.infinity]
        return zip(bounds, bounds.dropFirst()).map { low, high in
            let own = overlaps.filter { $0.side >= low && $0.side < high }
            let right = own.compactMap(\.overlap)
            let name =
                low == 0 ? "below \(Int(high))" : high == .infinity ? "from \(Int(low))" : "\(Int(low)) to \(Int(high))"
            return SizeRow(
                name: name, targetCount: own.count,
                recall: own.isEmpty ? .nan : Double(right.count) / Double(own.count),
                meanIoU: right.isEmpty ? .nan : right.reduce(0, +) / Double(right.count))
        }
    }

    private mutating func propose(_ model: Model, pictureSide: Double, targets: Int) {
        guard targets > 0 else { return }
        let known = sizes.filter { $0.targetCount >= Self.leastTargets }
        if let smallest = known.first, let largest = known.last, smallest != largest,
            largest.recall - smallest.recall > Self.recallGap
        {
            add(
                .tiles, "objects of \(smallest.name) patches are found less often than those of \(largest.name)",
                [
                    .init("small_recall", smallest.recall), .init("large_recall", largest.recall),
                    .init("small_targets", Double(smallest.targetCount)),
                ], "evaluate --tiles 2x2 --tile-overlap 0.2")
        }
        let located = Double(errors.total(.location)) / Double(targets)
        let gap = (map.all.map50 ?? 0) - (map.all.map75 ?? 0)
        let isLoose = located >= Self.locationShare || gap > Self.precisionGap || meanIoU < Self.looseIoU
        let figures: [MonitorReport.Figure] = [
            .init("location_errors", Double(errors.total(.location))), .init("targets", Double(targets)),
            .init("map50_minus_map75", gap), .init("mean_iou", meanIoU),
            .init("picture_side", pictureSide), .init("image_size", Double(model.imageSize)),
        ]
        if isLoose, pictureSide > Double(model.imageSize) {
            let wanted = min(2 * model.imageSize, Int(pictureSide)) / model.patchSize * model.patchSize
            let size = max(wanted, model.imageSize + 2 * model.patchSize)
            imageSize = size
            add(
                .resolution, "edges lie off, and pictures have more pixels than the model reads", figures,
                "model load --image-size \(size)")
        }
        if isLoose, !model.trainsProjector {
            add(
                .projector, "edges lie off while the projector is frozen", Array(figures.prefix(4)),
                model.rank == nil
                    ? "model freeze multi_modal_projector --undo"
                    : "model adapt --modules-to-save multi_modal_projector")
        }
        proposeForClasses(model, targets: targets)
    }

    private mutating func proposeForClasses(_ model: Model, targets: Int) {
        let wrong = errors.total(.class) + errors.total(.classAndLocation)
        guard Double(wrong) / Double(targets) >= Self.classShare else { return }
        let figures: [MonitorReport.Figure] = [
            .init("class_errors", Double(wrong)), .init("targets", Double(targets)),
        ]
        if !model.adaptsVision {
            add(
                .visionAttention, "classes are taken for one another while the vision tower is frozen", figures,
                "model adapt --r \(model.rank ?? 8)")
        }
        if let rank = model.rank, rank < 64 {
            add(
                .rank, "classes are taken for one another under a small adapter",
                figures + [.init("rank", Double(rank))], "model adapt --r \(2 * rank)")
        }
    }

    private mutating func add(
        _ kind: Kind, _ reason: String, _ figures: [MonitorReport.Figure], _ command: String
    ) {
        proposals.append(Proposal(kind: kind, reason: reason, figures: figures, command: command))
    }
}
