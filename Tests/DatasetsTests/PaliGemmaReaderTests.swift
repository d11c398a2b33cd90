import Detection
import Foundation
import Images
import TestSupport
import Testing

@testable import Datasets

@Suite("Reading PaliGemma JSONL")
struct PaliGemmaReaderTests {
    private static let cat = "<loc0256><loc0512><loc0768><loc1023> cat"
    private static let good = TemporaryDataset.row("a.png", cat)

    @Test("a row becomes an example, with boxes in pixels of the picture")
    func row() throws {
        let folder = try TemporaryDataset()
        try folder.annotate(Self.good + "\n" + TemporaryDataset.row("b.png", ""))
        let dataset = try PaliGemmaReader().load(folder: folder.path)
        #expect(dataset.classes == ["cat", "dog"])
        #expect(dataset.name == URL(fileURLWithPath: folder.path).lastPathComponent)
        let examples = dataset.examples(.train)
        #expect(examples.map(\.imageName) == ["a.png", "b.png"])
        #expect(examples.map(\.line) == [1, 2])
        #expect((examples[0].width, examples[0].height) == (64, 48))
        #expect(examples[0].detections.boxes == [Box(xMin: 32, yMin: 12, xMax: 63.9375, yMax: 36)])
        #expect(examples[0].detections.classIDs == [0])
        #expect(examples[1].detections.isEmpty)
        #expect(dataset.examples(.valid).isEmpty)
        #expect(dataset.rejectedRows.isEmpty)
    }

    @Test(
        "line ends, marks and blank lines are all in order",
        arguments: [
            ("no end after the last line", "\(good)\n\(good)"), ("an end after the last line", "\(good)\n\(good)\n"),
            ("CRLF", "\(good)\r\n\(good)\r\n"), ("byte order mark", "\u{FEFF}\(good)\n\(good)"),
            ("blank lines", "\n\(good)\n\n  \t\n\(good)\n\n"),
        ])
    func lineEnds(_ name: String, _ text: String) throws {
        let folder = try TemporaryDataset()
        try folder.annotate(text)
        #expect(try PaliGemmaReader().load(folder: folder.path).examples(.train).count == 2)
    }

    @Test("classes keep the order of the prefixes of all splits; other names follow")
    func classes() throws {
        let folder = try TemporaryDataset()
        try folder.annotate(TemporaryDataset.row("a.png", "\(Self.cat) ; \(Self.cat)fish", prefix: "detect dog ; cat"))
        try folder.annotate(TemporaryDataset.row("b.png", "", prefix: "detect cat ; 猫"), split: "test")
        let dataset = try PaliGemmaReader().load(folder: folder.path)
        #expect(dataset.classes == ["dog", "cat", "猫", "catfish"])
        #expect(dataset.examples(.train)[0].detections.classIDs == [1, 3])
    }

    @Test("annotations in a folder `dataset` below are found, as a Roboflow archive has them")
    func nested() throws {
        let folder = try TemporaryDataset(images: [])
        try folder.picture("dataset/a.png", shade: 1)
        try folder.write("dataset/_annotations.test.jsonl", Array(Self.good.utf8))
        let dataset = try PaliGemmaReader().load(folder: folder.path + "/")
        #expect(dataset.examples(.test).count == 1)
        #expect(dataset.folder.hasSuffix("/dataset"))
        #expect(dataset.name == URL(fileURLWithPath: folder.path).lastPathComponent)
    }

    /// Bad rows, each with the words that its error must hold.
    private static let badRows: [(String, String)] = [
        ("cat", "the line is no JSON (column 1: "),
        (#"{"image":"a.png","prefix":"#, "the line is no JSON (column 27: "),
        ("[1]", "the row is an array"),
        (#"{"image":"a.png","prefix":"detect cat"}"#, "the row has no suffix"),
        (#"{"prefix":"detect cat","suffix":""}"#, "the row has no image"),
        (#"{"image":"a.png","suffix":""}"#, "the row has no prefix"),
        (#"{"image":"a.png","prefix":"detect cat","suffix":7}"#, "the row's suffix is a whole number"),
        (
            TemporaryDataset.row("a.png", "<loc0001><loc0002><loc0003> cat"),
            "suffix has 3 location tokens, a box needs 4, in \"<loc0001><loc0002><loc0003> cat\""
        ),
        (TemporaryDataset.row("a.png", "<loc0001><loc0002><loc0003><loc0004>"), "suffix has no name"),
        (
            TemporaryDataset.row("a.png", "<loc0001><loc0002><loc0003><loc1024> cat"),
            "suffix has <loc1024>, which is no"
        ),
        (TemporaryDataset.row("a.png", "\(cat) ; dog"), "suffix has no location token, in \"dog\""),
        (TemporaryDataset.row("c.png", cat), "the image \"c.png\" is not in the folder"),
        (TemporaryDataset.row("", cat), "the image path \"\" is empty"),
        (TemporaryDataset.row("/etc/passwd", cat), "the image path \"/etc/passwd\" is absolute"),
        (TemporaryDataset.row("../x.png", cat), "leads out of the data set's folder"),
        (TemporaryDataset.row("../../../../../../../etc/passwd", cat), "leads out of the data set's folder"),
        (TemporaryDataset.row("link-out.png", cat), "leads out of the data set's folder"),
        (TemporaryDataset.row("links/passwd", cat), "leads out of the data set's folder"),
        (TemporaryDataset.row("loop.png", cat), "is not in the folder"),
        (TemporaryDataset.row(#"a.png\u0000.jpg"#, cat), "is not in the folder"),
        (TemporaryDataset.row("empty.png", cat), "the file is empty"),
        (TemporaryDataset.row("lies.png", cat), "no picture that is known here"),
        (TemporaryDataset.row("cut.png", cat), "truncated"),
        (TemporaryDataset.row("folder.png", cat), "a folder"),
    ]

    private func folderWithTraps() throws -> TemporaryDataset {
        let folder = try TemporaryDataset()
        try folder.write("empty.png", [])
        try folder.write("lies.png", Array("not a picture".utf8))
        try folder.write("cut.png", Array(ImageBuffer(width: 9, height: 9, fill: .white).pngBytes().prefix(20)))
        let files = FileManager.default
        try files.createDirectory(atPath: folder.path + "/folder.png", withIntermediateDirectories: true)
        try files.createSymbolicLink(atPath: folder.path + "/link-out.png", withDestinationPath: "/etc/passwd")
        try files.createSymbolicLink(atPath: folder.path + "/links", withDestinationPath: "/etc")
        try files.createSymbolicLink(atPath: folder.path + "/loop.png", withDestinationPath: "loop.png")
        try files.createSymbolicLink(atPath: folder.path + "/link-in.png", withDestinationPath: "a.png")
        return folder
    }

    @Test("a bad row ends the reading with file, line and what to do", arguments: badRows)
    func strict(_ row: String, _ words: String) throws {
        let folder = try folderWithTraps()
        try folder.annotate(Self.good + "\n\n" + row)
        let error = #expect(throws: DatasetError.self) { try PaliGemmaReader().load(folder: folder.path) }
        let message = error?.description ?? ""
        #expect(message.hasPrefix("_annotations.train.jsonl:3: "), "\(message)")
        #expect(message.contains(words), "\(message)")
        #expect(!message.contains("\n"))
    }

    @Test("when asked, good rows are loaded and bad ones are counted with their reasons")
    func skipping() throws {
        let folder = try folderWithTraps()
        let rows = Self.badRows.flatMap { [Self.good, $0.0] }
        try folder.annotate(rows.joined(separator: "\n"))
        let dataset = try PaliGemmaReader(options: .init(skipsInvalidRows: true)).load(folder: folder.path)
        #expect(dataset.examples(.train).count == Self.badRows.count)
        #expect(dataset.rejectedRows.map(\.line) == (1...Self.badRows.count).map { 2 * $0 })
        for (rejected, (_, words)) in zip(dataset.rejectedRows, Self.badRows) {
            #expect(rejected.description.contains(words))
        }
    }

    @Test("the same picture in two rows, and a link that stays inside, are in order")
    func repeated() throws {
        let folder = try folderWithTraps()
        try folder.annotate([Self.good, Self.good, TemporaryDataset.row("link-in.png", "")].joined(separator: "\n"))
        #expect(try PaliGemmaReader().load(folder: folder.path).examples(.train).count == 3)
    }

    @Test("bytes that are not UTF-8 are an error, not a crash")
    func invalidBytes() throws {
        let folder = try TemporaryDataset()
        try folder.write("_annotations.train.jsonl", Array(#"{"image":""#.utf8) + [0xFF, 0xFE, 0x00])
        #expect(throws: DatasetError.self) { try PaliGemmaReader().load(folder: folder.path) }
    }

    @Test("a folder that is none, has no annotations, or has an empty split is an error")
    func folders() throws {
        let folder = try TemporaryDataset()
        #expect(throws: DatasetError(file: "/no/such/folder", problem: .noFolder)) {
            try PaliGemmaReader().load(folder: "/no/such/folder")
        }
        #expect(throws: DatasetError(file: folder.path + "/a.png", problem: .noFolder)) {
            try PaliGemmaReader().load(folder: folder.path + "/a.png")
        }
        #expect(throws: DatasetError(file: folder.path, problem: .noAnnotations)) {
            try PaliGemmaReader().load(folder: folder.path)
        }
        try folder.annotate(" \n")
        for skips in [false, true] {
            #expect(throws: DatasetError(file: "_annotations.train.jsonl", problem: .noRows)) {
                try PaliGemmaReader(options: .init(skipsInvalidRows: skips)).load(folder: folder.path)
            }
        }
    }

    @Test("what is written is what was read, byte for byte")
    func writing() throws {
        let folder = try TemporaryDataset()
        let text = Self.good + "\n" + TemporaryDataset.row("b.png", "", prefix: "detect \\\"猫\\\"")
        try folder.annotate(text)
        let examples = try PaliGemmaReader().load(folder: folder.path).examples(.train)
        try PaliGemmaWriter.write(examples, split: .valid, to: folder.path)
        let written = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/_annotations.valid.jsonl"))
        #expect(String(decoding: written, as: UTF8.self) == text)
        #expect(throws: DatasetError.self) { try PaliGemmaWriter.write(examples, split: .test, to: "/no/such/folder") }
    }

    @Test(
        "the real photographs are read, and written again byte for byte",
        .enabled(if: Folders.sharedData != nil, Comment(rawValue: Folders.noSharedData)))
    func photographs() throws {
        let folder = try #require(Folders.sharedData).appendingPathComponent("cards")
        let dataset = try PaliGemmaReader().load(folder: folder.path)
        #expect(dataset.classes == ["ace", "jack", "king", "nine", "queen", "ten"])
        // The table in the data's own README.
        let expected: [DatasetSplit: (images: Int, boxes: [Int])] = [
            .train: (254, [87, 78, 83, 86, 77, 70]), .valid: (54, [12, 14, 17, 15, 15, 19]),
            .test: (55, [19, 21, 18, 14, 14, 11]),
        ]
        for (split, counts) in expected {
            let examples = dataset.examples(split)
            let statistics = DatasetStatistics(examples, classes: dataset.classes)
            #expect(statistics.imageCount == counts.images)
            #expect(statistics.classes.map(\.boxCount) == counts.boxes)
            let file = URL(fileURLWithPath: dataset.folder).appendingPathComponent(
                PaliGemmaReader.annotationFile(split))
            #expect(try PaliGemmaWriter.annotations(of: examples) == String(contentsOf: file, encoding: .utf8))
            for example in examples {
                let text = LocationText.format(
                    example.detections, imageWidth: example.width, imageHeight: example.height)
                #expect(text == example.suffix)
            }
        }
    }
}
