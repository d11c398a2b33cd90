import Detection

/// A layout in which data sets are kept.
package enum DatasetFormat: String, Sendable, CaseIterable {
    /// JSON lines of prefix and suffix beside the pictures.
    case paligemma
    /// `_annotations.coco.json` in a folder for each split.
    case coco
    /// `data.yaml`, and a folder of pictures and one of labels for each split.
    case yolo
    /// An XML file beside each picture, in a folder for each split (Pascal VOC).
    case voc

    /// The format of a folder, or nil where it looks like none.
    package static func detect(folder path: String) throws(DatasetError) -> DatasetFormat? {
        let folder = try DatasetFolder(path)
        return allCases.first { format in
            switch format {
            case .paligemma: PaliGemmaReader.recognizes(folder)
            case .coco: COCOReader.recognizes(folder)
            case .yolo: YOLOReader.recognizes(folder)
            case .voc: VOCReader.recognizes(folder)
            }
        }
    }
}

extension DetectionDataset {
    /// Reads a folder in any format.
    /// - Parameters:
    ///   - path: the folder.
    ///   - format: its format; nil finds out.
    ///   - options: how strictly to read.
    /// - Throws: `DatasetError` for a folder of no known format, or for the first bad row.
    package static func load(
        folder path: String, format: DatasetFormat? = nil, options: DatasetReadingOptions = DatasetReadingOptions()
    ) throws(DatasetError) -> DetectionDataset {
        let found: DatasetFormat?
        if let format { found = format } else { found = try DatasetFormat.detect(folder: path) }
        return switch found {
        case .paligemma: try PaliGemmaReader(options: options).load(folder: path)
        case .coco: try COCOReader(options: options).load(folder: path)
        case .yolo: try YOLOReader(options: options).load(folder: path)
        case .voc: try VOCReader(options: options).load(folder: path)
        case nil: throw DatasetError(file: path, problem: .unknownFormat)
        }
    }
}

extension DatasetSplit {
    /// The folders that exports use for a split.
    var folderNames: [String] { self == .valid ? ["valid", "val"] : [rawValue] }
}
