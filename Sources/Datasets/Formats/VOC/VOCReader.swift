import Detection
import Images

/// Reads Pascal VOC as Roboflow exports it: an XML file beside each picture, in a folder for each split.
///
/// Pascal VOC counts pixels from 1, so 1 is taken from every edge, as supervision does. Every XML file is a picture of the split.
package struct VOCReader: Sendable {
    private let options: DatasetReadingOptions

    /// Makes a reader.
    package init(options: DatasetReadingOptions = DatasetReadingOptions()) {
        self.options = options
    }

    /// Reads every split that the folder has; classes are in alphabetical order.
    /// - Throws: `DatasetError` for the first bad file or picture, or for a folder without usable pictures.
    package func load(folder path: String) throws(DatasetError) -> DetectionDataset {
        let folder = try DatasetFolder(path)
        var pictures = LoadedPictures(skipsInvalid: options.skipsInvalidRows)
        var sizes = ImageSizes()
        for split in DatasetSplit.allCases {
            guard let name = Self.folderName(of: split, in: folder) else { continue }
            let files = folder.files(in: name, endings: [".xml"])
            try pictures.add(files.enumerated(), to: split, file: name, place: { ($0.element, nil) }) {
                item throws(DatasetError.Problem) in
                try Self.picture(item.element, number: item.offset, split: name, in: folder, sizes: &sizes)
            }
        }
        guard !pictures.isEmpty else { throw DatasetError(file: path, problem: .unknownFormat) }
        let classes = Set(pictures.all.flatMap(\.detections.classNames)).sorted()
        return pictures.dataset(name: DatasetFolder.name(of: path), folder: folder.root, classes: classes)
    }

    /// Whether a folder holds this format.
    static func recognizes(_ folder: DatasetFolder) -> Bool {
        DatasetSplit.allCases.contains { folderName(of: $0, in: folder) != nil }
    }

    private static func folderName(of split: DatasetSplit, in folder: DatasetFolder) -> String? {
        split.folderNames.first { !folder.files(in: $0, endings: [".xml"]).isEmpty }
    }

    private static func picture(
        _ file: String, number: Int, split: String, in folder: DatasetFolder, sizes: inout ImageSizes
    ) throws(DatasetError.Problem) -> LoadedPicture {
        let bytes: [UInt8]
        do throws(DatasetError) { bytes = try folder.bytes(of: file) } catch { throw error.problem }
        let annotation = try XMLNode(parsing: bytes)
        guard annotation.name == "annotation", let image = annotation["filename"]?.text else {
            throw .badField(key: "filename", expected: "a picture's name in an <annotation>")
        }
        let name = split + "/" + image
        let path = try folder.imagePath(name)
        let size = try sizes.size(of: path, name: name)
        var boxes: [Box] = []
        var names: [String] = []
        for (place, object) in annotation.children.filter({ $0.name == "object" }).enumerated() {
            guard let name = object["name"]?.text, !name.isEmpty else {
                throw .badField(key: "object \(place + 1), name", expected: "the class")
            }
            let edges = ["xmin", "ymin", "xmax", "ymax"].compactMap {
                object["bndbox"]?[$0].flatMap { Double($0.text) }
            }
            guard edges.count == 4, edges.allSatisfy(\.isFinite) else {
                throw .badField(key: "object \(place + 1), bndbox", expected: "the numbers xmin, ymin, xmax and ymax")
            }
            boxes.append(Box(xMin: edges[0] - 1, yMin: edges[1] - 1, xMax: edges[2] - 1, yMax: edges[3] - 1))
            names.append(name)
        }
        return LoadedPicture(
            path: path, name: name, size: size,
            detections: Detections(boxes: boxes, classIDs: names.map { _ in nil }, classNames: names), line: number + 1)
    }
}
