import Detection
import Files
import FoundationEssentials
import Images

/// Writes a data set into a new folder, in any format, with copies of its pictures.
package struct DatasetConverter: Sendable {
    private let dataset: DetectionDataset
    private let format: DatasetFormat

    /// Takes what to write, and how.
    package init(_ dataset: DetectionDataset, to format: DatasetFormat) {
        self.dataset = dataset
        self.format = format
    }

    /// Writes annotations and pictures.
    /// - Parameters:
    ///   - folder: where to; it must be new or empty, or hold a data set that may be replaced.
    ///   - replaces: whether a data set in the folder is removed first; a folder that holds anything but pictures and
    ///     annotations is left alone.
    ///   - progress: called after each picture with the number done and the number in all; returning false ends the work
    ///     before annotations are written.
    /// - Returns: whether everything was written.
    /// - Throws: `DatasetError` for a folder that holds something, or for a file that cannot be written.
    @discardableResult
    package func write(
        to folder: String, replaces: Bool = false, progress: (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
    ) throws(DatasetError) -> Bool {
        if replaces { try removeDataset(in: folder) }
        try makeEmptyFolder(folder)
        let total = DatasetSplit.allCases.reduce(0) { $0 + dataset.examples($1).count }
        var done = 0
        var names = PictureNames()
        var renamed: [DatasetSplit: [DetectionExample]] = [:]
        for split in DatasetSplit.allCases where dataset.splits[split] != nil {
            for example in dataset.examples(split) {
                let place = format.pictureFolder(split)
                let (name, isNew) = try names.name(
                    of: example, split: split, in: place, mayRepeat: format == .paligemma)
                if isNew { try copy(example.imagePath, to: folder + "/" + place + name) }
                renamed[split, default: []].append(example.renamed(name))
                done += 1
                guard progress(done, total) else { return false }
            }
        }
        for (file, text) in format.annotationFiles(renamed, classes: dataset.classes) {
            try Self.write(text, to: folder + "/" + file)
        }
        return true
    }
}

extension DatasetConverter {
    /// Endings of the files that data sets consist of.
    private static let datasetEndings: Set<String> = ["jpg", "jpeg", "png", "json", "jsonl", "txt", "xml", "yaml"]

    private func removeDataset(in folder: String) throws(DatasetError) {
        let files = FileManager.default
        guard files.fileExists(atPath: folder) else { return }
        guard !readsFrom(folder) else {
            throw DatasetError(file: folder, problem: .unwritable("the loaded set lies there; name another folder"))
        }
        for name in (try? files.subpathsOfDirectory(atPath: folder)) ?? [] {
            var isFolder = false
            guard files.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder), !isFolder else {
                continue
            }
            guard let dot = name.lastIndex(of: "."),
                Self.datasetEndings.contains(name[name.index(after: dot)...].lowercased())
            else {
                throw DatasetError(
                    file: folder, problem: .unwritable("it holds \(name), which no data set has; name another folder"))
            }
        }
        do {
            try files.removeItem(atPath: folder)
        } catch {
            throw DatasetError(file: folder, problem: .unwritable(SystemReason.of(error)))
        }
    }

    /// Whether a picture of the set lies in a folder.
    private func readsFrom(_ folder: String) -> Bool {
        let place = URL(fileURLWithPath: folder).standardizedFileURL.resolvingSymlinksInPath().path + "/"
        return DatasetSplit.allCases.contains { split in
            dataset.examples(split).contains {
                URL(fileURLWithPath: $0.imagePath).standardizedFileURL.resolvingSymlinksInPath().path.hasPrefix(place)
            }
        }
    }

    private func makeEmptyFolder(_ folder: String) throws(DatasetError) {
        let files = FileManager.default
        if let found = try? files.contentsOfDirectory(atPath: folder), !found.isEmpty {
            throw DatasetError(file: folder, problem: .unwritable("the folder is not empty; name a new one"))
        }
        let folders = [""] + DatasetSplit.allCases.filter { dataset.splits[$0] != nil }.flatMap(format.folders)
        for name in folders {
            do {
                try files.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
            } catch {
                throw DatasetError(file: folder, problem: .unwritable(SystemReason.of(error)))
            }
        }
    }

    private func copy(_ source: String, to target: String) throws(DatasetError) {
        do {
            try FileManager.default.copyItem(atPath: source, toPath: target)
        } catch {
            throw DatasetError(file: target, problem: .unwritable(SystemReason.of(error)))
        }
    }

    private static func write(_ text: String, to file: String) throws(DatasetError) {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw DatasetError(file: file, problem: .unwritable(SystemReason.of(error)))
        }
    }
}

/// Names for copied pictures, each once in its folder.
private struct PictureNames {
    private var namesByPath: [String: String] = [:]
    private var used: Set<String> = []

    /// The name of an example's picture in a folder, and whether it is given for the first time.
    mutating func name(
        of example: DetectionExample, split: DatasetSplit, in folder: String, mayRepeat: Bool
    ) throws(DatasetError) -> (name: String, isNew: Bool) {
        let key = folder + example.imagePath
        if let earlier = namesByPath[key] {
            guard mayRepeat else {
                throw DatasetError(file: example.imageName, problem: .sameName(earlier))
            }
            return (earlier, false)
        }
        let own = example.imageName.split(separator: "/").last.map(String.init) ?? example.imageName
        for candidate in [own, "\(split.rawValue)_\(own)"] where used.insert(folder + Self.stem(candidate)).inserted {
            namesByPath[key] = candidate
            return (candidate, true)
        }
        throw DatasetError(file: example.imageName, problem: .sameName(own))
    }

    /// The name without its ending: `a.jpg` and `a.png` would share one label file.
    private static func stem(_ name: String) -> Substring {
        name.lastIndex(of: ".").map { name[..<$0] } ?? name[...]
    }
}

extension DetectionExample {
    /// The example under another picture name.
    fileprivate func renamed(_ name: String) -> DetectionExample {
        DetectionExample(
            imagePath: imagePath, imageName: name, width: width, height: height, prefix: prefix, suffix: suffix,
            detections: detections, line: line)
    }
}
