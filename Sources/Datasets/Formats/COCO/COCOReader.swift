import Detection

/// Reads the COCO layout of Roboflow's exports: `train/_annotations.coco.json` beside the pictures, and so for each split.
///
/// Crowds are read as ordinary boxes. A category that only groups others, as exports put first, is no class.
package struct COCOReader: Sendable {
    private let options: DatasetReadingOptions
    /// The name of the annotation file in each split's folder.
    static let file = "_annotations.coco.json"

    /// Makes a reader.
    package init(options: DatasetReadingOptions = DatasetReadingOptions()) {
        self.options = options
    }

    /// Reads every split that the folder has; classes are in the order of the category ids.
    /// - Throws: `DatasetError` for the first bad picture or annotation, or for a folder without usable pictures.
    package func load(folder path: String) throws(DatasetError) -> DetectionDataset {
        let folder = try DatasetFolder(path)
        var pictures = LoadedPictures(skipsInvalid: options.skipsInvalidRows)
        var sizes = ImageSizes()
        var classes: [String] = []
        for split in DatasetSplit.allCases {
            guard let splitFolder = Self.folderName(of: split, in: folder) else { continue }
            let file = splitFolder + "/" + Self.file
            let annotations = try Self.annotations(file, in: folder)
            classes += annotations.classes.filter { !classes.contains($0) }
            try pictures.add(annotations.images.indices, to: split, file: file, place: { _ in (file, nil) }) {
                number throws(DatasetError.Problem) in
                let name = try splitFolder + "/" + annotations.fileName(number)
                let path = try folder.imagePath(name)
                let size = try sizes.size(of: path, name: name)
                return LoadedPicture(
                    path: path, name: name, size: size, detections: try annotations.detections(number, size: size),
                    line: number + 1)
            }
        }
        guard !pictures.isEmpty else { throw DatasetError(file: path, problem: .unknownFormat) }
        return pictures.dataset(name: DatasetFolder.name(of: path), folder: folder.root, classes: classes)
    }

    /// Whether a folder holds annotation files of this format.
    static func recognizes(_ folder: DatasetFolder) -> Bool {
        DatasetSplit.allCases.contains { folderName(of: $0, in: folder) != nil }
    }

    private static func folderName(of split: DatasetSplit, in folder: DatasetFolder) -> String? {
        split.folderNames.first { folder.has($0 + "/" + file) }
    }

    private static func annotations(
        _ file: String, in folder: DatasetFolder
    ) throws(DatasetError) -> COCOAnnotations {
        let bytes = try folder.bytes(of: file)
        do throws(DatasetError.Problem) {
            return try COCOAnnotations(bytes)
        } catch {
            throw DatasetError(file: file, problem: error)
        }
    }
}
