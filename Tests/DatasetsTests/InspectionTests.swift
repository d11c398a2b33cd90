import Detection
import Foundation
import Testing

@testable import Datasets

@Suite("DatasetStatistics")
struct DatasetStatisticsTests {
    private func example(_ boxes: [(Double, Int)], width: Int = 640) -> DetectionExample {
        DetectionExample(
            imagePath: "", imageName: "", width: width, height: 480, prefix: "", suffix: "",
            detections: Detections(
                boxes: boxes.map { Box(xMin: 0, yMin: 0, xMax: $0.0, yMax: $0.0) }, classIDs: boxes.map(\.1),
                classNames: boxes.map { "\($0.1)" }),
            line: 1)
    }

    @Test("boxes, classes, areas and sizes are counted")
    func counts() {
        let statistics = DatasetStatistics(
            [example([(31.9, 0), (32, 0), (95.9, 2)]), example([(96, 0)]), example([]), example([], width: 320)],
            classes: ["cat", "dog", "bird"])
        #expect(statistics.imageCount == 4)
        #expect(statistics.boxCount == 4)
        #expect(
            statistics.classes == [
                .init(name: "cat", boxCount: 3, imageCount: 2), .init(name: "dog", boxCount: 0, imageCount: 0),
                .init(name: "bird", boxCount: 1, imageCount: 1),
            ])
        #expect(statistics.imagesByBoxCount == [2, 1, 0, 1])
        #expect(statistics.areas == .init(small: 1, medium: 2, large: 1))
        #expect(
            statistics.sizes == [
                .init(width: 640, height: 480, imageCount: 3), .init(width: 320, height: 480, imageCount: 1),
            ])
    }

    @Test("nothing counts as nothing")
    func nothing() {
        let statistics = DatasetStatistics([], classes: ["cat"])
        #expect(statistics.imagesByBoxCount.isEmpty)
        #expect(statistics.classes.map(\.boxCount) == [0])
    }
}

@Suite("DatasetDoctor")
struct DatasetDoctorTests {
    private static func box(_ locations: String, _ name: String) -> String {
        locations.split(separator: " ").map { "<loc\($0)>" }.joined() + " " + name
    }
    private static let cat = box("0100 0100 0500 0500", "cat")

    private func kinds(_ folder: TemporaryDataset) throws -> [Finding.Kind] {
        try findings(folder).map(\.kind)
    }

    private func findings(_ folder: TemporaryDataset) throws -> [Finding] {
        let reader = PaliGemmaReader(options: .init(skipsInvalidRows: true))
        return DatasetDoctor(try reader.load(folder: folder.path)).findings()
    }

    @Test("a sound data set has no findings")
    func sound() throws {
        let folder = try TemporaryDataset()
        try folder.annotate(TemporaryDataset.row("a.png", Self.cat))
        try folder.annotate(TemporaryDataset.row("b.png", Self.cat), split: "test")
        #expect(try findings(folder).isEmpty)
    }

    @Test("boxes without area, repeated boxes and names not asked for are found, the worst first")
    func rows() throws {
        let folder = try TemporaryDataset()
        let suffix = [
            Self.cat, Self.box("0101 0100 0500 0500", "cat"), Self.box("0100 0100 0500 0500", "dog"),
            Self.box("0500 0100 0100 0500", "bird"), Self.box("0100 0100 0100 0500", "cat"),
        ].joined(separator: " ; ")
        try folder.annotate(TemporaryDataset.row("a.png", suffix))
        let found = try findings(folder)
        let shown = found.map { "\($0.severity.rawValue) \($0)" }
        #expect(
            shown == [
                "error _annotations.train.jsonl:1 (a.png): the box of \"bird\" is 25 x -18.75 pixels; draw it anew",
                "error _annotations.train.jsonl:1 (a.png): the box of \"cat\" is 25 x 0 pixels; draw it anew",
                "warning _annotations.train.jsonl:1 (a.png): two boxes of \"cat\" cover each other (IoU 1); remove one",
                "warning _annotations.train.jsonl:1 (a.png): the suffix names \"bird\", which the prefix does not ask for; "
                    + "add it there",
            ])
    }

    @Test("rejected rows and pictures that do not decode are found")
    func unreadable() throws {
        let folder = try TemporaryDataset()
        let whole = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/a.png"))
        try folder.write("cut.png", Array(whole.prefix(whole.count / 2)))
        let rows = ["oops", TemporaryDataset.row("cut.png", Self.cat), TemporaryDataset.row("cut.png", "")]
        try folder.annotate(rows.joined(separator: "\n"))
        let found = try findings(folder)
        #expect(found.count == 2)
        guard case .rejectedRow(let row)? = found.first?.kind, case .unreadableImage? = found.last?.kind else {
            Issue.record("found \(found)")
            return
        }
        #expect(row.line == 1)
        #expect(found.last?.line == 2)
    }

    @Test("a picture in two splits is a leak, twice in one split a note")
    func duplicates() throws {
        let folder = try TemporaryDataset(images: ["a.png"])
        for name in ["b.png", "c.png"] { try folder.picture(name, shade: 0) }
        try folder.annotate(["a.png", "b.png"].map { TemporaryDataset.row($0, Self.cat) }.joined(separator: "\n"))
        #expect(try findings(folder).map(\.severity) == [.note])
        try folder.annotate(TemporaryDataset.row("c.png", Self.cat), split: "test")
        let places: [DuplicateImages.Place] = [
            .init(split: .train, imageName: "a.png"), .init(split: .train, imageName: "b.png"),
            .init(split: .test, imageName: "c.png"),
        ]
        #expect(try kinds(folder) == [.leak(places)])
    }

    @Test("rare names that look misspelt, imbalance, and classes never trained are found")
    func names() throws {
        let folder = try TemporaryDataset()
        let frequent = Self.box("0100 0100 0500 0500", "ace of hearts")
        let prefix = "detect ace of hearts ; ace of haerts ; king"
        var rows = (0..<20).map { _ in TemporaryDataset.row("a.png", frequent, prefix: prefix) }
        rows.append(TemporaryDataset.row("a.png", Self.box("0100 0100 0500 0500", "ace of haerts"), prefix: prefix))
        try folder.annotate(rows.joined(separator: "\n"))
        try folder.annotate(
            TemporaryDataset.row("b.png", Self.box("0100 0100 0500 0500", "king"), prefix: prefix), split: "test")
        #expect(
            try kinds(folder) == [
                .similarNames(rare: "ace of haerts", count: 1, frequent: "ace of hearts", frequentCount: 20),
                .neverTrained("king"),
                .imbalance(rare: "ace of haerts", count: 1, frequent: "ace of hearts", frequentCount: 20),
            ])
    }

    @Test(
        "distances between words",
        arguments: [
            ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("haerts", "hearts", 1),
            ("猫", "犬", 1), ("flaw", "lawn", 2),
        ])
    func distances(_ left: String, _ right: String, _ distance: Int) {
        #expect(EditDistance.between(Array(left), Array(right)) == distance)
    }

    @Test(
        "misspelt or meant",
        arguments: [
            ("Cat", "cat", true), ("traffic light", "traffic-light", true), ("hart", "heart", true), ("K", "Q", false),
            ("9 of hearts", "8 of hearts", false), ("king of hearts", "king of spades", false), ("cat", "cat", false),
            ("bicycel", "bicycle", true),
        ])
    func misspelt(_ name: String, _ other: String, _ expected: Bool) {
        #expect(EditDistance.looksMisspelt(name, for: other) == expected)
    }
}

@Suite("Visiting order")
struct VisitingOrderTests {
    @Test("an order visits each example once, and is the same for the same seed and epoch alone")
    func order() {
        let order = DetectionDataset.visitingOrder(count: 50, seed: 3, epoch: 1)
        #expect(order.sorted() == Array(0..<50))
        #expect(order == DetectionDataset.visitingOrder(count: 50, seed: 3, epoch: 1))
        #expect(order != DetectionDataset.visitingOrder(count: 50, seed: 3, epoch: 2))
        #expect(order != DetectionDataset.visitingOrder(count: 50, seed: 4, epoch: 1))
        #expect(DetectionDataset.visitingOrder(count: 0, seed: 3, epoch: 0).isEmpty)
    }
}
