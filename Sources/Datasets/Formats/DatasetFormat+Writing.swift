import Detection
import JSON

extension DatasetFormat {
    /// The folder of a split's pictures, with a slash at its end where it is not the data set's own.
    func pictureFolder(_ split: DatasetSplit) -> String {
        switch self {
        case .paligemma: ""
        case .coco, .voc: "\(split.rawValue)/"
        case .yolo: "\(split.rawValue)/images/"
        }
    }

    /// The folders that a split needs.
    func folders(_ split: DatasetSplit) -> [String] {
        self == .yolo ? [pictureFolder(split), "\(split.rawValue)/labels/"] : [pictureFolder(split)]
    }

    /// The names and texts of all annotation files.
    func annotationFiles(
        _ splits: [DatasetSplit: [DetectionExample]], classes: [String]
    ) -> [(file: String, text: String)] {
        let ordered = DatasetSplit.allCases.compactMap { split in splits[split].map { (split, $0) } }
        switch self {
        case .paligemma:
            return ordered.map { (PaliGemmaReader.annotationFile($0), PaliGemmaWriter.annotations(of: $1)) }
        case .coco:
            return ordered.map { split, examples in
                ("\(split.rawValue)/\(COCOReader.file)", Self.coco(examples, classes: classes).text(.compact))
            }
        case .yolo:
            let labels = ordered.flatMap { split, examples in
                examples.map { example in
                    let labels = YOLOLabels(classes: classes, width: example.width, height: example.height)
                    return ("\(split.rawValue)/labels/\(Self.stem(example)).txt", labels.format(example.detections))
                }
            }
            return [(YOLOReader.file, Self.yolo(ordered.map(\.0), classes: classes))] + labels
        case .voc:
            return ordered.flatMap { split, examples in
                examples.map { ("\(split.rawValue)/\(Self.stem($0)).xml", Self.voc($0)) }
            }
        }
    }

    private static func stem(_ example: DetectionExample) -> Substring {
        example.imageName.lastIndex(of: ".").map { example.imageName[..<$0] } ?? example.imageName[...]
    }

    /// One annotation file of the COCO format; ids begin at 1, as COCO's tools need.
    private static func coco(_ examples: [DetectionExample], classes: [String]) -> JSON {
        var images: [JSON] = []
        var annotations: [JSON] = []
        for (number, example) in examples.enumerated() {
            images.append([
                "id": .integer(Int64(number + 1)), "file_name": .string(example.imageName),
                "width": .integer(Int64(example.width)), "height": .integer(Int64(example.height)),
            ])
            for (box, classID) in zip(example.detections.boxes, example.detections.classIDs) {
                guard let classID else { continue }
                annotations.append([
                    "id": .integer(Int64(annotations.count + 1)), "image_id": .integer(Int64(number + 1)),
                    "category_id": .integer(Int64(classID + 1)),
                    "bbox": .array([box.xMin, box.yMin, box.width, box.height].map(JSON.number)),
                    "area": .number(box.area), "iscrowd": 0,
                ])
            }
        }
        let categories = classes.enumerated().map { number, name -> JSON in
            ["id": .integer(Int64(number + 1)), "name": .string(name)]
        }
        return ["images": .array(images), "annotations": .array(annotations), "categories": .array(categories)]
    }

    /// The file that names classes and folders.
    private static func yolo(_ splits: [DatasetSplit], classes: [String]) -> String {
        let folders = splits.map { split in
            "\(split == .valid ? "val" : split.rawValue): \(split.rawValue)/images\n"
        }
        let names = classes.map { "- '\($0.replacing("'", with: "''"))'\n" }
        return folders.joined() + "nc: \(classes.count)\nnames:\n" + names.joined()
    }

    /// The XML file of one picture. Pascal VOC knows whole pixels only, counted from 1: edges are rounded.
    private static func voc(_ example: DetectionExample) -> String {
        let objects = zip(example.detections.boxes, example.detections.classNames).map { box, name in
            """
                <object>
                    <name>\(escaped(name))</name>
                    <bndbox>
                        <xmin>\(pixel(box.xMin))</xmin>
                        <ymin>\(pixel(box.yMin))</ymin>
                        <xmax>\(pixel(box.xMax))</xmax>
                        <ymax>\(pixel(box.yMax))</ymax>
                    </bndbox>
                </object>

            """
        }
        return """
            <annotation>
                <filename>\(escaped(example.imageName))</filename>
                <size>
                    <width>\(example.width)</width>
                    <height>\(example.height)</height>
                    <depth>3</depth>
                </size>
            \(objects.joined())</annotation>

            """
    }

    private static func pixel(_ edge: Double) -> String {
        let rounded = edge.rounded() + 1
        return Int(exactly: rounded).map(String.init) ?? rounded.description
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
