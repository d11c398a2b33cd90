import Detection
import Foundation
import JSON
import TestSupport
import Testing

@testable import Datasets

@Suite("Data set formats")
struct FormatTests {
    private static let folder = Folders.fixtures.appendingPathComponent("datasets")

    /// What supervision reads from each layout; see Tests/Reference/datasets/make_formats.py.
    private static func facts(_ format: DatasetFormat) throws -> JSON {
        let data = try Data(contentsOf: folder.appendingPathComponent("formats.json"))
        return try #require(try JSON(parsing: data)[format.rawValue])
    }

    @Test(
        "layouts written by supervision are recognized and read as it reads them",
        arguments: [DatasetFormat.coco, .yolo, .voc])
    func reading(_ format: DatasetFormat) throws {
        let path = Self.folder.appendingPathComponent(format.rawValue).path
        #expect(try DatasetFormat.detect(folder: path) == format)
        let dataset = try DetectionDataset.load(folder: path)
        let facts = try Self.facts(format)
        let classes = try #require(facts["classes"]?.array).compactMap(\.string)
        #expect(format == .voc ? dataset.classes == classes.sorted() : dataset.classes == classes)
        #expect(dataset.examples(.train).count == 2)
        for example in dataset.examples(.train) {
            let name = URL(fileURLWithPath: example.imageName).lastPathComponent
            let boxes = try #require(facts[name]?["boxes"]?.array).map { $0.array?.compactMap(\.double) ?? [] }
            let found = example.detections.boxes.map { [$0.xMin, $0.yMin, $0.xMax, $0.yMax] }
            #expect(found.count == boxes.count)
            // supervision keeps YOLO's boxes in float32.
            for (one, other) in zip(found.joined(), boxes.joined()) { #expect(abs(one - other) < 1e-5) }
            let names = try #require(facts[name]?["ids"]?.array).compactMap(\.integer).map { classes[$0] }
            #expect(example.detections.classNames == names)
            #expect(example.prefix == "detect ace of spades ; king & queen ; 猫's")
            #expect((example.width, example.height) == (64, 48))
        }
    }

    private func source() throws -> (TemporaryDataset, DetectionDataset) {
        let folder = try TemporaryDataset(images: ["a.png", "b.png", "sub/a.png"])
        let suffix = "<loc0256><loc0512><loc0768><loc1000> dog's & <b> ; <loc0000><loc0016><loc0512><loc0256> cat"
        let prefix = "detect cat ; dog's & <b> ; unseen"
        try folder.annotate(
            TemporaryDataset.row("a.png", suffix, prefix: prefix) + "\n"
                + TemporaryDataset.row("b.png", "", prefix: prefix))
        try folder.annotate(TemporaryDataset.row("sub/a.png", suffix, prefix: prefix), split: "valid")
        return (folder, try DetectionDataset.load(folder: folder.path))
    }

    @Test("a data set goes through every format and comes back the same", arguments: DatasetFormat.allCases)
    func roundTrip(_ format: DatasetFormat) throws {
        let (folder, dataset) = try source()
        let target = folder.path + "/new/\(format.rawValue)"
        var shown = 0
        #expect(
            try DatasetConverter(dataset, to: format).write(to: target) { done, total in
                shown += 1
                return done == shown && total == 3
            })
        #expect(try DatasetFormat.detect(folder: target) == format)
        let back = try DetectionDataset.load(folder: target)
        // Pascal VOC has no list of classes, so a class without boxes is lost there.
        #expect(back.classes == (format == .voc ? Array(dataset.classes.dropLast()) : dataset.classes))
        for split in DatasetSplit.allCases {
            #expect(back.examples(split).count == dataset.examples(split).count)
            for (one, other) in zip(back.examples(split), dataset.examples(split)) {
                #expect(one.detections.classNames == other.detections.classNames)
                for (box, expected) in zip(one.detections.boxes, other.detections.boxes) {
                    let tolerance = format == .voc ? 0.5 : 1e-6  // whole pixels there
                    #expect(abs(box.xMin - expected.xMin) <= tolerance && abs(box.yMax - expected.yMax) <= tolerance)
                    #expect(abs(box.yMin - expected.yMin) <= tolerance && abs(box.xMax - expected.xMax) <= tolerance)
                }
                if format != .voc { #expect(one.suffix == other.suffix) }
                let bytes = try Data(contentsOf: URL(fileURLWithPath: one.imagePath))
                #expect(try bytes == Data(contentsOf: URL(fileURLWithPath: other.imagePath)))
            }
        }
    }

    @Test("writing refuses a folder that holds something, and stops when told")
    func refusing() throws {
        let (folder, dataset) = try source()
        #expect(throws: DatasetError.self) { try DatasetConverter(dataset, to: .coco).write(to: folder.path) }
        let target = folder.path + "/stopped"
        #expect(try !DatasetConverter(dataset, to: .coco).write(to: target) { _, _ in false })
        #expect(!FileManager.default.fileExists(atPath: target + "/train/_annotations.coco.json"))
    }

    @Test("a picture in two rows cannot have two label files")
    func repeated() throws {
        let folder = try TemporaryDataset()
        let row = TemporaryDataset.row("a.png", "<loc0256><loc0512><loc0768><loc1000> cat")
        try folder.annotate(row + "\n" + row)
        let dataset = try DetectionDataset.load(folder: folder.path)
        #expect(try DatasetConverter(dataset, to: .paligemma).write(to: folder.path + "/one"))
        let error = #expect(throws: DatasetError.self) {
            try DatasetConverter(dataset, to: .yolo).write(to: folder.path + "/two")
        }
        #expect(error?.problem == .sameName("a.png"))
    }

    @Test("a folder of no known format is an error that lists those there are")
    func unknown() throws {
        let folder = try TemporaryDataset()
        #expect(try DatasetFormat.detect(folder: folder.path) == nil)
        let error = #expect(throws: DatasetError.self) { try DetectionDataset.load(folder: folder.path) }
        #expect(error?.problem == .unknownFormat)
        for format in DatasetFormat.allCases {
            #expect(throws: DatasetError.self) { try DetectionDataset.load(folder: folder.path, format: format) }
        }
    }

    @Test(
        "names in data.yaml are read in every way that tools write them",
        arguments: [
            ("names: [a, 'b c', \"d, \\u732B\"]\nnc: 3", ["a", "b c", "d, 猫"]),
            ("nc: 2\nnames:\n- a b\n- 'it''s'\ntrain: x", ["a b", "it's"]),
            ("names:\n  0: a\n  1: \"b\"\n", ["a", "b"]), ("names:\n    - a # the first\n    - b\n", ["a", "b"]),
            ("names: ['a',\n  'b']", ["a", "b"]), ("# names: [x]\nnames: [a]", ["a"]),
        ])
    func names(_ yaml: String, _ names: [String]) {
        #expect(YOLONames.parse(yaml) == names)
    }

    @Test(
        "a data.yaml without names gives none",
        arguments: ["", "names:", "names: 3", "nc: 2", "names: [a", "names:\n  1: a"])
    func noNames(_ yaml: String) {
        #expect(YOLONames.parse(yaml) == nil)
    }

    @Test(
        "bad labels are errors that name file and place",
        arguments: [
            ("3 0.5 0.5 0.1 0.1", "line 1, field 1"), ("-1 0.5 0.5 0.1 0.1", "line 1, field 1"),
            ("cat 0.5 0.5 0.1 0.1", "line 1, field 1"), ("0 0.5 0.5 0.1 0.1\n\n0 0.5 0.5 0.1", "line 3 is"),
            ("0 0.5 0.5 x 0.1", "line 1 is"), ("0 0.5 0.5 nan 0.1", "line 1 is"), ("0 0 0 1 1 0", "line 1 is"),
        ])
    func badLabels(_ text: String, _ words: String) throws {
        let folder = try TemporaryDataset(images: ["train/images/a.png", "train/images/b.png"])
        try folder.write("data.yaml", Array("names: [cat, dog]".utf8))
        try folder.write("train/labels/a.txt", Array(text.utf8))
        let error = #expect(throws: DatasetError.self) { try DetectionDataset.load(folder: folder.path) }
        let message = error?.description ?? ""
        #expect(message.hasPrefix("train/labels/a.txt: \(words)"), "\(message)")
        let rest = try DetectionDataset.load(folder: folder.path, options: .init(skipsInvalidRows: true))
        #expect(rest.examples(.train).map(\.imageName) == ["train/images/b.png"])
        #expect(rest.rejectedRows.count == 1)
    }

    @Test("a polygon is read as the box around it")
    func polygon() throws {
        let detections = try YOLOLabels(classes: ["a"], width: 10, height: 20).parse("0 0.1 0.1 0.5 0.2 0.3 0.9\r\n")
        #expect(detections.boxes == [Box(xMin: 1, yMin: 2, xMax: 5, yMax: 18)])
    }

    @Test(
        "bad COCO files are errors that name the place",
        arguments: [
            ("{", "cannot be understood: line 1"), ("{}", "images is missing"),
            (#"{"images":[],"annotations":[],"categories":[]}"#, "no usable row"),
            (#"{"images":[{"id":1}],"annotations":[],"categories":[]}"#, "images[0].file_name"),
            (
                #"{"images":[{"id":1,"file_name":"a.png","width":9,"height":48}],"annotations":[],"categories":[]}"#,
                "images[0].width is missing or wrong, it must be 64"
            ),
            (
                #"{"images":[],"annotations":[{"image_id":7}],"categories":[]}"#,
                "annotations[0].image_id"
            ),
            (#"{"images":[],"annotations":[],"categories":[{"id":"x"}]}"#, "categories[0]"),
            (
                #"{"images":[{"id":1,"file_name":"a.png","width":64,"height":48}],"#
                    + #""annotations":[{"image_id":1,"category_id":5,"bbox":[0,0,1,1]}],"categories":[]}"#,
                "annotations[0].category_id"
            ),
            (
                #"{"images":[{"id":1,"file_name":"a.png","width":64,"height":48}],"#
                    + #""annotations":[{"image_id":1,"category_id":5,"bbox":[0,0,1]}],"categories":[{"id":5,"name":"a"}]}"#,
                "annotations[0].bbox"
            ),
            (
                #"{"images":[{"id":1,"file_name":"../../etc/passwd"}],"annotations":[],"categories":[]}"#,
                "leads out of the data set's folder"
            ),
        ])
    func badCOCO(_ text: String, _ words: String) throws {
        let folder = try TemporaryDataset(images: ["train/a.png"])
        try folder.write("train/_annotations.coco.json", Array(text.utf8))
        let error = #expect(throws: DatasetError.self) { try DetectionDataset.load(folder: folder.path) }
        let message = error?.description ?? ""
        #expect(message.hasPrefix("train/_annotations.coco.json: ") && message.contains(words), "\(message)")
    }

    @Test("a category that only groups others is no class")
    func groups() throws {
        let folder = try TemporaryDataset(images: ["train/a.png"])
        let text =
            #"{"images":[{"id":1,"file_name":"a.png","width":64,"height":48}],"annotations":[],"#
            + #""categories":[{"id":0,"name":"cards","supercategory":"none"},{"id":1,"name":"ace","supercategory":"cards"}]}"#
        try folder.write("train/_annotations.coco.json", Array(text.utf8))
        #expect(try DetectionDataset.load(folder: folder.path).classes == ["ace"])
    }

    @Test(
        "bad XML files are errors that name the file",
        arguments: [
            ("", "no element"), ("text", "no element"), ("<annotation>", "ends inside <annotation>"),
            ("<annotation><a></b></annotation>", "</b> where </a>"), ("<annotation/>", "filename"),
            ("<annotation><filename>x.png</filename></annotation>", "\"train/x.png\" is not in the folder"),
            ("<annotation><filename>a.png</filename><object/></annotation>", "object 1, name"),
            (
                "<annotation><filename>a.png</filename><object><name>a</name><bndbox><xmin>1</xmin></bndbox></object>"
                    + "</annotation>", "object 1, bndbox"
            ),
            (String(repeating: "<a>", count: 100_000), "nested more than"),
        ])
    func badXML(_ text: String, _ words: String) throws {
        let folder = try TemporaryDataset(images: ["train/a.png"])
        try folder.write("train/a.xml", Array(text.utf8))
        let error = #expect(throws: DatasetError.self) { try DetectionDataset.load(folder: folder.path, format: .voc) }
        let message = error?.description ?? ""
        #expect(message.hasPrefix("train/a.xml: ") && message.contains(words), "\(message)")
    }

    @Test("XML is read with comments, entities, attributes and sections")
    func xml() throws {
        let text =
            "<?xml version='1.0'?><!DOCTYPE a><a x='1'>\n <!-- <b> --> <b> 1 &lt; 2 &amp; &#x732B;&#33; &bad; </b><c/>"
            + "<d><![CDATA[<&>]]></d></a>"
        let node = try XMLNode(parsing: Array(text.utf8))
        #expect(node["b"]?.text == "1 < 2 & 猫! &bad;")
        #expect(node["c"]?.text == "")
        #expect(node["d"]?.text == "<&>")
        #expect(node.children.map(\.name) == ["b", "c", "d"])
    }
}
