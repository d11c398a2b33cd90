import Detection
import Tensors

/// What is added to a train split so that it shows more of what a model finds hard: rare classes, classes that are taken
/// for one another, and objects at the picture's border.
///
/// The same data set, confusions, options and seed give the same plan.
package struct EnhancementPlan: Sendable, Equatable {
    /// Why a copy of a picture is added.
    package enum Reason: String, Sendable, CaseIterable {
        /// It holds a class that is rare; the copy is moved, zoomed and lit differently.
        case rare
        /// It holds a class that is taken for another; the copy has more contrast and sharper edges.
        case confused
        /// A box touches its border; the copy has margins around it.
        case border
        /// Nothing is the matter with it; the copy shows the same otherwise.
        case varied
    }

    /// A copy of a picture.
    package struct Copy: Sendable, Equatable {
        /// The place of the example in the train split.
        package let example: Int
        package let reason: Reason
        package let changes: PictureChanges
    }

    /// Two classes of which one was found where the other was.
    package struct Confusion: Sendable, Equatable {
        package let labelled: String, predicted: String
        package let count: Int

        /// So many boxes of `labelled` were called `predicted`.
        package init(labelled: String, predicted: String, count: Int) {
            (self.labelled, self.predicted, self.count) = (labelled, predicted, count)
        }
    }

    /// What counts as rare, confused and at the border, and how much is added.
    package struct Options: Sendable, Equatable {
        /// A class is rare with fewer boxes than this share of the median of all classes.
        package var rareBelow = 0.75
        /// How many pairs of classes, the most confused first, get copies.
        package var mostPairs = 3
        /// A pair counts from this many confusions on.
        package var leastConfusions = 1
        /// A box is at the border if it comes as close as this share of the side.
        package var borderMargin = 0.01
        /// The margin that is put around such a picture, at most and as a share of the side.
        package var contextShare = 0.25
        /// The most copies of one picture for each reason.
        package var mostCopies = 3
        package var seed: UInt64 = 42

        /// The defaults.
        package init() {}
    }

    /// The names of the classes, with the boxes of each in the train split.
    package let classes: [(name: String, boxCount: Int)]
    /// Classes with too few boxes, and how many each should have.
    package let rare: [(classID: Int, wanted: Int)]
    /// The pairs that get copies.
    package let pairs: [Confusion]
    /// Boxes that touch the border, and the examples that hold them.
    package let borderBoxCount: Int
    package let borderExamples: [Int]
    /// What is added, in this order.
    package let copies: [Copy]

    package static func == (left: EnhancementPlan, right: EnhancementPlan) -> Bool {
        left.copies == right.copies && left.pairs == right.pairs && left.borderExamples == right.borderExamples
            && left.rare.elementsEqual(right.rare, by: ==) && left.classes.elementsEqual(right.classes, by: ==)
    }

    /// Plans for the train split of a data set.
    package init(_ dataset: DetectionDataset, confusions: [Confusion] = [], options: Options = Options()) {
        let examples = dataset.examples(.train)
        let counts = DatasetStatistics(examples, classes: dataset.classes).classes
        classes = counts.map { ($0.name, $0.boxCount) }
        rare = Self.rareClasses(counts.map(\.boxCount), below: options.rareBelow)
        pairs = Array(
            confusions.filter { $0.count >= options.leastConfusions }
                .enumerated().sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }
                .prefix(options.mostPairs).map(\.element))
        borderExamples = examples.indices.filter { place in
            examples[place].detections.boxes.contains { examples[place].isAtBorder($0, margin: options.borderMargin) }
        }
        borderBoxCount = examples.reduce(0) { sum, example in
            sum + example.detections.boxes.count { example.isAtBorder($0, margin: options.borderMargin) }
        }
        copies =
            Self.copiesOfRare(rare, counts: counts.map(\.boxCount), examples, options)
            + Self.copiesOfConfused(pairs, examples, options)
            + borderExamples.map { Self.padded($0, examples, options) }
    }

    /// Varied copies of every picture of the train split, each moved, zoomed and lit differently.
    package init(varying dataset: DetectionDataset, copies count: Int = 1, seed: UInt64) {
        let examples = dataset.examples(.train)
        classes = DatasetStatistics(examples, classes: dataset.classes).classes.map { ($0.name, $0.boxCount) }
        (rare, pairs, borderBoxCount, borderExamples) = ([], [], 0, [])
        copies = (1...max(count, 1)).flatMap { number in
            examples.indices.map { place in
                Copy(
                    example: place, reason: .varied,
                    changes: Self.variation(of: examples[place], number: number, seed))
            }
        }
    }
}

extension EnhancementPlan {
    /// Classes with fewer boxes than a share of the median, which they should reach; one without boxes cannot.
    private static func rareClasses(_ counts: [Int], below share: Double) -> [(classID: Int, wanted: Int)] {
        let present = counts.filter { $0 > 0 }.sorted()
        guard !present.isEmpty else { return [] }
        let median = present[present.count / 2]
        return counts.indices.filter { counts[$0] > 0 && Double(counts[$0]) < share * Double(median) }
            .map { ($0, median) }
    }

    /// Copies until each rare class has as many boxes as it should: each time of the picture that brings most of what is
    /// missing for each box that is not.
    private static func copiesOfRare(
        _ rare: [(classID: Int, wanted: Int)], counts: [Int], _ examples: [DetectionExample], _ options: Options
    ) -> [Copy] {
        var missing = Dictionary(uniqueKeysWithValues: rare.map { ($0.classID, $0.wanted - counts[$0.classID]) })
        var used = [Int](repeating: 0, count: examples.count)
        var copies: [Copy] = []
        func gain(_ place: Int) -> Double {
            let ids = examples[place].detections.classIDs.compactMap { $0 }
            let useful = Dictionary(ids.map { ($0, 1) }, uniquingKeysWith: +)
                .reduce(0) { $0 + min($1.value, max(missing[$1.key] ?? 0, 0)) }
            return ids.isEmpty ? 0 : Double(useful) / (Double(ids.count) * Double(1 + used[place]))
        }
        while missing.values.contains(where: { $0 > 0 }) {
            let candidates = examples.indices.filter { used[$0] < options.mostCopies }
            let best = candidates.reduce(nil as (place: Int, gain: Double)?) { best, place in
                let next = gain(place)
                return next > (best?.gain ?? 0) ? (place, next) : best
            }
            guard let best else { break }
            used[best.place] += 1
            for case let id? in examples[best.place].detections.classIDs { missing[id]? -= 1 }
            copies.append(
                Copy(
                    example: best.place, reason: .rare,
                    changes: variation(of: examples[best.place], number: used[best.place], options.seed)))
        }
        return copies
    }

    /// Another view of a picture: a zoom that cuts no box, or a margin, back to the old size; then other light.
    package static func variation(of example: DetectionExample, number: Int, _ seed: UInt64) -> PictureChanges {
        var stream = RandomStream(seed: seed, purpose: "variation \(example.imageName)", step: UInt64(number))
        let (width, height) = (example.width, example.height)
        var steps: [PictureChange] = []
        if stream.uniform() < 0.5 {
            let kept = example.unionOfBoxes
            let left = min(Int(stream.uniform(0..<1) * kept.xMin.rounded(.down)), width - 1)
            let top = min(Int(stream.uniform(0..<1) * kept.yMin.rounded(.down)), height - 1)
            let right = width - Int(stream.uniform(0..<1) * (Double(width) - kept.xMax).rounded(.down))
            let bottom = height - Int(stream.uniform(0..<1) * (Double(height) - kept.yMax).rounded(.down))
            // A picture whose boxes have no area still has a part of one pixel.
            steps.append(
                .crop(PixelRegion(x: left, y: top, width: max(right - left, 1), height: max(bottom - top, 1))))
        } else {
            let most = (Double(width) * 0.15, Double(height) * 0.15)
            func margin(_ most: Double) -> Int { Int(stream.uniform(0..<1) * most) }
            steps.append(.pad(left: margin(most.0), top: margin(most.1), right: margin(most.0), bottom: margin(most.1)))
        }
        steps.append(.resize(width: width, height: height))
        steps.append(.brightness(stream.uniform(0.85..<1.15)))
        steps.append(.contrast(stream.uniform(0.85..<1.15)))
        return PictureChanges(steps)
    }

    /// One copy of each picture that holds a class of the pairs.
    private static func copiesOfConfused(
        _ pairs: [Confusion], _ examples: [DetectionExample], _ options: Options
    ) -> [Copy] {
        let names = Set(pairs.flatMap { [$0.labelled, $0.predicted] })
        let holding = examples.indices.filter { !names.isDisjoint(with: examples[$0].detections.classNames) }
        return holding.map { place in
            var stream = RandomStream(seed: options.seed, purpose: "confused \(examples[place].imageName)")
            return Copy(
                example: place, reason: .confused,
                changes: PictureChanges([
                    .contrast(stream.uniform(1.15..<1.5)), .sharpness(stream.uniform(1.5..<2.5)),
                ]))
        }
    }

    /// A copy with margins on the sides that boxes touch, and smaller ones on the others.
    private static func padded(_ place: Int, _ examples: [DetectionExample], _ options: Options) -> Copy {
        let example = examples[place]
        var stream = RandomStream(seed: options.seed, purpose: "border \(example.imageName)")
        let (width, height) = (Double(example.width), Double(example.height))
        let (x, y) = (options.borderMargin * width, options.borderMargin * height)
        let boxes = example.detections.boxes
        func margin(_ side: Double, touched: Bool) -> Int {
            let share = options.contextShare * (touched ? stream.uniform(0.5..<1) : stream.uniform(0..<0.4))
            return max(Int(side * share), touched ? 1 : 0)
        }
        let pad = PictureChange.pad(
            left: margin(width, touched: boxes.contains { $0.xMin <= x }),
            top: margin(height, touched: boxes.contains { $0.yMin <= y }),
            right: margin(width, touched: boxes.contains { $0.xMax >= width - x }),
            bottom: margin(height, touched: boxes.contains { $0.yMax >= height - y }))
        return Copy(example: place, reason: .border, changes: PictureChanges([pad]))
    }
}

extension DetectionExample {
    /// Whether a box comes close to an edge of the picture; `margin` is a share of the side.
    package func isAtBorder(_ box: Box, margin: Double) -> Bool {
        let (x, y) = (margin * Double(width), margin * Double(height))
        return box.xMin <= x || box.yMin <= y || box.xMax >= Double(width) - x || box.yMax >= Double(height) - y
    }

    /// The smallest box around all boxes, inside the picture; the whole picture where there are none.
    fileprivate var unionOfBoxes: Box {
        let boxes = detections.boxes.map { $0.clipped(toWidth: Double(width), height: Double(height)) }
        guard let first = boxes.first else { return Box(xMin: 0, yMin: 0, xMax: Double(width), yMax: Double(height)) }
        return boxes.reduce(first) {
            Box(
                xMin: min($0.xMin, $1.xMin), yMin: min($0.yMin, $1.yMin), xMax: max($0.xMax, $1.xMax),
                yMax: max($0.yMax, $1.yMax))
        }
    }
}
