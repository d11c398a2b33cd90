import Detection

/// Counts over the examples of a split, or of a whole data set.
package struct DatasetStatistics: Sendable, Equatable {
    /// How often a class occurs.
    package struct ClassCount: Sendable, Equatable {
        /// The class's name.
        package let name: String
        /// The number of its boxes.
        package let boxCount: Int
        /// The number of pictures that hold at least one.
        package let imageCount: Int
    }

    /// How many boxes fall into COCO's ranges of area, in pixels of the picture as stored.
    package struct AreaCounts: Sendable, Equatable {
        /// Below 32 x 32 square pixels.
        package let small: Int
        /// From 32 x 32 up to 96 x 96 square pixels.
        package let medium: Int
        /// From 96 x 96 square pixels on.
        package let large: Int
    }

    /// How many pictures have a size.
    package struct SizeCount: Sendable, Equatable {
        /// Width in pixels.
        package let width: Int
        /// Height in pixels.
        package let height: Int
        /// The number of pictures.
        package let imageCount: Int
    }

    /// The number of examples.
    package let imageCount: Int
    /// The number of boxes.
    package let boxCount: Int
    /// Each class of the data set, in its order; classes that do not occur count zero.
    package let classes: [ClassCount]
    /// The number of pictures with 0, 1, 2, … boxes, up to the largest number there is.
    package let imagesByBoxCount: [Int]
    /// Boxes by area.
    package let areas: AreaCounts
    /// Picture sizes, the most frequent first.
    package let sizes: [SizeCount]

    /// Counts over examples whose class ids are places in `classes`.
    package init(_ examples: [DetectionExample], classes: [String]) {
        let boxes = examples.flatMap(\.detections.boxes)
        imageCount = examples.count
        boxCount = boxes.count
        self.classes = Self.classCounts(examples, classes: classes)
        var imagesByBoxCount = [Int](repeating: 0, count: (examples.map(\.detections.count).max() ?? -1) + 1)
        for example in examples {
            imagesByBoxCount[example.detections.count] += 1
        }
        self.imagesByBoxCount = imagesByBoxCount
        areas = AreaCounts(
            small: boxes.count { $0.area < 1024 }, medium: boxes.count { $0.area >= 1024 && $0.area < 9216 },
            large: boxes.count { $0.area >= 9216 })
        sizes = Self.sizeCounts(examples)
    }

    private static func classCounts(_ examples: [DetectionExample], classes: [String]) -> [ClassCount] {
        var boxCounts = [Int](repeating: 0, count: classes.count)
        var imageCounts = boxCounts
        for example in examples {
            let ids = example.detections.classIDs.compactMap { $0 }.filter(classes.indices.contains)
            for id in ids { boxCounts[id] += 1 }
            for id in Set(ids) { imageCounts[id] += 1 }
        }
        return classes.indices.map {
            ClassCount(name: classes[$0], boxCount: boxCounts[$0], imageCount: imageCounts[$0])
        }
    }

    private static func sizeCounts(_ examples: [DetectionExample]) -> [SizeCount] {
        let counts = Dictionary(examples.map { ([$0.width, $0.height], 1) }, uniquingKeysWith: +)
        return counts.map { SizeCount(width: $0.key[0], height: $0.key[1], imageCount: $0.value) }
            .sorted { ($1.imageCount, $0.width, $0.height) < ($0.imageCount, $1.width, $1.height) }
    }
}
