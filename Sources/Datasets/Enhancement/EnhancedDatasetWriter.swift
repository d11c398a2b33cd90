import Detection
import FoundationEssentials
import Images

/// Writes a data set with the copies of a plan into a folder of its own; the source is only read.
package struct EnhancedDatasetWriter: Sendable {
    private let dataset: DetectionDataset
    private let plan: EnhancementPlan

    /// The JPEG quality of copies.
    private static let quality = 95

    /// Takes what to write.
    package init(_ dataset: DetectionDataset, _ plan: EnhancementPlan) {
        (self.dataset, self.plan) = (dataset, plan)
    }

    /// Writes pictures and annotations in the PaliGemma layout; every split as it is, and the copies behind those of train.
    ///
    /// - Parameters:
    ///   - folder: where to, outside the source's folder; new or empty, or a data set that may be replaced.
    ///   - progress: called after each picture; returning false ends the work before annotations of copies are written.
    /// - Returns: what was written, as it is read back; nil if it was ended.
    package func write(
        to folder: String, replaces: Bool = false, progress: (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
    ) throws(DatasetError) -> DetectionDataset? {
        guard !Self.lies(folder, in: dataset.folder) else {
            throw DatasetError(
                file: folder, problem: .unwritable("the loaded set lies there and stays as it is; name another folder"))
        }
        let own = DatasetSplit.allCases.reduce(0) { $0 + dataset.examples($1).count }
        let total = own + plan.copies.count
        let copied = try DatasetConverter(dataset, to: .paligemma).write(to: folder, replaces: replaces) { done, _ in
            progress(done, total)
        }
        guard copied else { return nil }
        let base = try DetectionDataset.load(folder: folder, format: .paligemma)
        var added: [DetectionExample] = []
        for (number, copy) in plan.copies.enumerated() {
            added.append(try write(copy, number: number + 1, of: base.examples(.train), to: folder))
            guard progress(own + number + 1, total) else { return nil }
        }
        try PaliGemmaWriter.write(base.examples(.train) + added, split: .train, to: folder)
        return try DetectionDataset.load(folder: folder, format: .paligemma)
    }

    /// Writes one copy's picture; returns its row.
    private func write(
        _ copy: EnhancementPlan.Copy, number: Int, of examples: [DetectionExample], to folder: String
    ) throws(DatasetError) -> DetectionExample {
        let source = examples[copy.example]
        let stem = source.imageName.lastIndex(of: ".").map { source.imageName[..<$0] } ?? source.imageName[...]
        let digits = String(number)
        let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        let name = "\(stem)_\(copy.reason.rawValue)_\(padded).jpg"
        guard !FileManager.default.fileExists(atPath: folder + "/" + name) else {
            throw DatasetError(file: folder, problem: .sameName(name))
        }
        let image: ImageBuffer
        do throws(ImageError) {
            image = try copy.changes.applied(to: ImageBuffer(contentsOf: source.imagePath))
            try image.write(toJPEG: folder + "/" + name, quality: Self.quality)
        } catch {
            throw DatasetError(file: name, problem: .badImage(error))
        }
        let found = copy.changes.applied(
            to: source.detections, in: PixelSize(width: source.width, height: source.height))
        // A change of light alone leaves the answer as it was written.
        let isMoved = found.boxes != source.detections.boxes
        return DetectionExample(
            imagePath: folder + "/" + name, imageName: name, width: image.width, height: image.height,
            prefix: source.prefix,
            suffix: isMoved
                ? LocationText.format(found, imageWidth: image.width, imageHeight: image.height) : source.suffix,
            detections: found, line: examples.count + number)
    }

    /// Whether a folder is another one or lies below it.
    private static func lies(_ folder: String, in other: String) -> Bool {
        func place(_ path: String) -> String {
            URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path + "/"
        }
        return place(folder).hasPrefix(place(other))
    }
}
