import Detection
import Images

/// Looks through a data set for what spoils training or scores.
package struct DatasetDoctor: Sendable {
    private let dataset: DetectionDataset

    /// Boxes of one class that overlap more than this are taken for one object labelled twice.
    private static let duplicateIoU = 0.9
    /// A class with fewer than this share of another's boxes counts as rare.
    private static let rareShare = 0.1

    /// Takes the data set to look through.
    package init(_ dataset: DetectionDataset) {
        self.dataset = dataset
    }

    /// Everything found, the worst first, then in the order of the data set; reads every picture.
    /// - Parameter progress: called with each picture that was decoded, with the number done and the number in all;
    ///   returning false ends the examination early.
    package func findings(progress: (_ done: Int, _ total: Int) -> Bool = { _, _ in true }) -> [Finding] {
        var findings = dataset.rejectedRows.map { Finding(.rejectedRow($0)) }
        for split in DatasetSplit.allCases {
            findings += dataset.examples(split).flatMap { self.findings(in: $0, split: split) }
        }
        findings += nameFindings() + duplicateFindings() + imageFindings(progress: progress)
        return Finding.Severity.allCases.flatMap { severity in findings.filter { $0.severity == severity } }
    }
}

extension DatasetDoctor {
    /// What one row shows by itself.
    private func findings(in example: DetectionExample, split: DatasetSplit) -> [Finding] {
        let detections = example.detections
        var kinds: [Finding.Kind] = []
        for (box, name) in zip(detections.boxes, detections.classNames) {
            if box.width <= 0 || box.height <= 0 { kinds.append(.emptyBox(box, className: name)) }
            if Self.leaves(box, width: example.width, height: example.height) {
                kinds.append(.outsideBox(box, className: name))
            }
        }
        for first in 0..<detections.count {
            for second in first + 1..<detections.count
            where detections.classNames[first] == detections.classNames[second] {
                let iou = detections.boxes[first].iou(detections.boxes[second])
                guard iou > Self.duplicateIoU else { continue }
                kinds.append(.duplicateBox(className: detections.classNames[first], iou: iou))
            }
        }
        let asked = Set(LocationText.classes(inPrefix: example.prefix))
        var seen: Set<String> = []
        for name in detections.classNames where !asked.contains(name) && seen.insert(name).inserted {
            kinds.append(.unaskedName(name))
        }
        return kinds.map { Finding($0, split: split, imageName: example.imageName, line: example.line) }
    }

    /// Whether a box leaves the picture by more than half a pixel.
    private static func leaves(_ box: Box, width: Int, height: Int) -> Bool {
        box.xMin < -0.5 || box.yMin < -0.5 || box.xMax > Double(width) + 0.5 || box.yMax > Double(height) + 0.5
    }

    /// What the counts of the classes show.
    private func nameFindings() -> [Finding] {
        let everything = DatasetStatistics(
            DatasetSplit.allCases.flatMap { dataset.examples($0) }, classes: dataset.classes)
        let trained = DatasetStatistics(dataset.examples(.train), classes: dataset.classes)
        let present = everything.classes.filter { $0.boxCount > 0 }
        var findings: [Finding] = []
        for rare in present {
            let twin = present.first {
                Double(rare.boxCount) <= Self.rareShare * Double($0.boxCount)
                    && EditDistance.looksMisspelt(rare.name, for: $0.name)
            }
            guard let twin else { continue }
            findings.append(
                Finding(
                    .similarNames(
                        rare: rare.name, count: rare.boxCount, frequent: twin.name, frequentCount: twin.boxCount)))
        }
        guard dataset.splits[.train] != nil else { return findings }
        for (all, train) in zip(everything.classes, trained.classes) where all.boxCount > 0 && train.boxCount == 0 {
            findings.append(Finding(.neverTrained(all.name)))
        }
        let counts = trained.classes.filter { $0.boxCount > 0 }.sorted { $0.boxCount < $1.boxCount }
        if let rare = counts.first, let frequent = counts.last,
            Double(rare.boxCount) <= Self.rareShare * Double(frequent.boxCount)
        {
            findings.append(
                Finding(
                    .imbalance(
                        rare: rare.name, count: rare.boxCount, frequent: frequent.name,
                        frequentCount: frequent.boxCount)))
        }
        return findings
    }

    private func duplicateFindings() -> [Finding] {
        DuplicateImages(dataset).groups.map { group in
            let splits = Set(group.map(\.split))
            return splits.count > 1
                ? Finding(.leak(group)) : Finding(.repeatedImage(group), split: group.first?.split)
        }
    }

    /// Decodes each picture once.
    private func imageFindings(progress: (Int, Int) -> Bool) -> [Finding] {
        let all = DatasetSplit.allCases.flatMap { split in dataset.examples(split).map { (split, $0) } }
        var seen: Set<String> = []
        let pictures = all.filter { seen.insert($0.1.imagePath).inserted }
        var findings: [Finding] = []
        for (number, (split, example)) in pictures.enumerated() {
            do throws(ImageError) {
                _ = try ImageBuffer(contentsOf: example.imagePath)
            } catch {
                findings.append(
                    Finding(.unreadableImage(error), split: split, imageName: example.imageName, line: example.line))
            }
            guard progress(number + 1, pictures.count) else { break }
        }
        return findings
    }
}
