import Detection

/// Reads the YOLO layout: `data.yaml` with the names, and for each split `train/images` and `train/labels`, or
/// `images/train` and `labels/train`.
///
/// A label file holds a line an object: the class's place in the names, then center x, center y, width and height as shares
/// of the picture, or the corners of a polygon. A picture without label file has nothing to find.
package struct YOLOReader: Sendable {
    private let options: DatasetReadingOptions
    /// The name of the file that lists the classes.
    static let file = "data.yaml"
    private static let pictureEndings = [".jpg", ".jpeg", ".png"]

    /// Makes a reader.
    package init(options: DatasetReadingOptions = DatasetReadingOptions()) {
        self.options = options
    }

    /// Reads every split that the folder has.
    /// - Throws: `DatasetError` for the first bad label or picture, or for a folder without usable pictures.
    package func load(folder path: String) throws(DatasetError) -> DetectionDataset {
        let folder = try DatasetFolder(path)
        guard Self.recognizes(folder) else { throw DatasetError(file: path, problem: .unknownFormat) }
        let yaml = String(decoding: try folder.bytes(of: Self.file), as: UTF8.self)
        guard let classes = YOLONames.parse(yaml) else {
            throw DatasetError(file: Self.file, problem: .badField(key: "names", expected: "a list of class names"))
        }
        var pictures = LoadedPictures(skipsInvalid: options.skipsInvalidRows)
        var sizes = ImageSizes()
        for split in DatasetSplit.allCases {
            guard let layout = Self.layout(of: split, in: folder) else { continue }
            let files = folder.files(in: layout.images, endings: Self.pictureEndings)
            try pictures.add(
                files.enumerated(), to: split, file: layout.images,
                place: { (Self.labelFile(of: $0.element, in: layout.labels), nil) }
            ) { item throws(DatasetError.Problem) in
                let path = try folder.imagePath(item.element)
                let size = try sizes.size(of: path, name: item.element)
                let labels = Self.labelFile(of: item.element, in: layout.labels)
                let text = folder.has(labels) ? try Self.text(of: labels, in: folder) : ""
                let detections = try YOLOLabels(
                    classes: classes, width: size.width, height: size.height
                ).parse(text)
                return LoadedPicture(
                    path: path, name: item.element, size: size, detections: detections, line: item.offset + 1)
            }
        }
        guard !pictures.isEmpty else { throw DatasetError(file: path, problem: .unknownFormat) }
        return pictures.dataset(name: DatasetFolder.name(of: path), folder: folder.root, classes: classes)
    }

    /// Whether a folder holds this format.
    static func recognizes(_ folder: DatasetFolder) -> Bool { folder.has(file) }

    private static func layout(
        of split: DatasetSplit, in folder: DatasetFolder
    ) -> (images: String, labels: String)? {
        let candidates = split.folderNames.flatMap {
            [("\($0)/images", "\($0)/labels"), ("images/\($0)", "labels/\($0)")]
        }
        return candidates.first { folder.has($0.0) }
    }

    private static func labelFile(of picture: String, in labels: String) -> String {
        let name = picture.split(separator: "/").last ?? ""
        return "\(labels)/\(name.lastIndex(of: ".").map { name[..<$0] } ?? name).txt"
    }

    private static func text(of file: String, in folder: DatasetFolder) throws(DatasetError.Problem) -> String {
        do throws(DatasetError) {
            return String(decoding: try folder.bytes(of: file), as: UTF8.self)
        } catch {
            throw error.problem
        }
    }
}
