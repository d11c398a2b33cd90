import Detection
import JSON

/// Reads a folder in the PaliGemma JSONL layout, as Roboflow exports it.
///
/// `_annotations.train.jsonl`, `_annotations.valid.jsonl` and `_annotations.test.jsonl` stand beside the pictures, or in a
/// folder `dataset` below. A row is `{"image":…,"prefix":…,"suffix":…}`; an empty suffix means that there is nothing to find.
package struct PaliGemmaReader: Sendable {
    private let options: DatasetReadingOptions

    /// Makes a reader.
    package init(options: DatasetReadingOptions = DatasetReadingOptions()) {
        self.options = options
    }

    /// Reads every split that the folder has.
    ///
    /// Classes are those that the prefixes ask for, in their order, then names that only suffixes use.
    /// - Throws: `DatasetError` for the first bad row, or for a folder or a split without usable rows.
    package func load(folder path: String) throws(DatasetError) -> DetectionDataset {
        let folder = try annotatedFolder(path)
        var pictures = LoadedPictures(skipsInvalid: options.skipsInvalidRows)
        var sizes = ImageSizes()
        for split in DatasetSplit.allCases {
            let file = Self.annotationFile(split)
            guard folder.has(file) else { continue }
            try pictures.add(
                JSONLines(try folder.bytes(of: file)), to: split, file: file, place: { (file, $0.number) }
            ) { line throws(DatasetError.Problem) in
                try picture(line, in: folder, sizes: &sizes)
            }
        }
        return pictures.dataset(
            name: DatasetFolder.name(of: path), folder: folder.root, classes: Self.classes(of: pictures.all))
    }

    /// The name of a split's annotation file.
    package static func annotationFile(_ split: DatasetSplit) -> String {
        "_annotations.\(split.rawValue).jsonl"
    }

    /// Whether a folder holds annotation files of this format.
    static func recognizes(_ folder: DatasetFolder) -> Bool {
        DatasetSplit.allCases.contains { folder.has(annotationFile($0)) || folder.has("dataset/" + annotationFile($0)) }
    }
}

extension PaliGemmaReader {
    /// The folder that holds annotation files: the one named, or `dataset` below it.
    private func annotatedFolder(_ path: String) throws(DatasetError) -> DatasetFolder {
        let folder = try DatasetFolder(path)
        if DatasetSplit.allCases.contains(where: { folder.has(Self.annotationFile($0)) }) { return folder }
        guard Self.recognizes(folder) else { throw DatasetError(file: path, problem: .noAnnotations) }
        return try DatasetFolder(folder.root + "/dataset")
    }

    private func picture(
        _ line: JSONLines.Line, in folder: DatasetFolder, sizes: inout ImageSizes
    ) throws(DatasetError.Problem) -> LoadedPicture {
        let row: JSON
        switch line.json() {
        case .success(let value): row = value
        case .failure(let error): throw .notJSON("column \(error.column): \(error.problem)")
        }
        guard row.object != nil else { throw .notAnObject(found: row.kind) }
        let image = try text("image", of: row)
        let prefix = try text("prefix", of: row)
        let suffix = try text("suffix", of: row)
        let path = try folder.imagePath(image)
        let size = try sizes.size(of: path, name: image)
        let (detections, rejected) = LocationText.parse(
            suffix, imageWidth: size.width, imageHeight: size.height,
            options: LocationTextOptions(divisor: options.divisor))
        if let first = rejected.first { throw .badSuffix(first) }
        return LoadedPicture(
            path: path, name: image, size: size, prompt: (prefix, suffix), detections: detections, line: line.number)
    }

    private func text(_ key: String, of row: JSON) throws(DatasetError.Problem) -> String {
        guard let value = row[key] else { throw .missingKey(key) }
        guard let text = value.string else { throw .notText(key: key, found: value.kind) }
        return text
    }

    private static func classes(of pictures: [LoadedPicture]) -> [String] {
        var classes: [String] = []
        var seen: Set<String> = []
        var seenPrefixes: Set<String> = []
        for prefix in pictures.compactMap(\.prompt?.prefix) where seenPrefixes.insert(prefix).inserted {
            classes += LocationText.classes(inPrefix: prefix).filter { seen.insert($0).inserted }
        }
        for picture in pictures {
            classes += picture.detections.classNames.filter { seen.insert($0).inserted }
        }
        return classes
    }
}
