import Foundation
import JSON
import TestSupport
import Testing

@testable import Detection

@Suite("LocationText as supervision 0.25.1 reads it")
struct SupervisionLocationTextTests {
    /// Texts with what `sv.Detections.from_lmm` made of them; see Tests/Reference/detection/make_location_text.py.
    private static let cases: [JSON] = {
        let file = Folders.fixtures.appendingPathComponent("detection/location_text.json")
        guard let data = try? Data(contentsOf: file), let json = try? JSON(parsing: data) else { return [] }
        return json["cases"]?.array ?? []
    }()

    @Test("the fixture is there, with at least 60 texts")
    func fixture() {
        #expect(Set(Self.cases.compactMap { $0["text"]?.string }).count >= 60)
    }

    @Test("boxes, names and class ids are equal", arguments: cases)
    func equal(_ example: JSON) throws {
        let text = try #require(example["text"]?.string)
        let width = try #require(example["size"]?[0]?.integer)
        let height = try #require(example["size"]?[1]?.integer)
        let (detections, _) = LocationText.parse(
            text, imageWidth: width, imageHeight: height, classes: example["classes"]?.array?.compactMap(\.string),
            options: LocationTextOptions(compatibility: .supervision025))
        let boxes = detections.boxes.map { [$0.xMin, $0.yMin, $0.xMax, $0.yMax] }
        #expect(
            boxes == example["boxes"]?.array?.map { $0.array?.compactMap(\.double) ?? [] }, "\(text.debugDescription)")
        let names = try #require(example["names"]?.array).compactMap(\.string)
        #expect(detections.classNames.map { Array($0.unicodeScalars) } == names.map { Array($0.unicodeScalars) })
        #expect(detections.classIDs.compactMap { $0 } == example["ids"]?.array?.compactMap(\.integer) ?? [])
    }
}

@Suite("LocationText as Palinote reads it")
struct LocationTextTests {
    private static let four = "<loc0100><loc0200><loc0300><loc0400>"

    @Test(
        "names that supervision cuts or drops are kept whole",
        arguments: [
            "St. Bernard", "on/off switch", "cat's eye", "cat (black)", "fish & chips", "C++", "50%", "a:b", ".cat",
            "किताब", "แมว", "🐈", "cat, dog", "10 of clubs", "红心 A",
        ])
    func names(_ name: String) {
        let (detections, rejected) = LocationText.parse(
            "\(Self.four) \(name) ; \(Self.four) \(name)", imageWidth: 1024, imageHeight: 1024)
        #expect(detections.classNames == [name, name])
        #expect(detections.boxes == Array(repeating: Box(xMin: 200, yMin: 100, xMax: 400, yMax: 300), count: 2))
        #expect(rejected.isEmpty)
    }

    @Test(
        "each piece that is no detection is reported",
        arguments: [
            ("cat", [("cat", .noLocations)]),
            (four, [(four, .noName)]),
            ("<loc0001><loc0002><loc0003> cat", [("<loc0001><loc0002><loc0003> cat", .locationCount(3))]),
            ("<loc0001>\(four) cat", [("<loc0001>\(four) cat", .locationCount(5))]),
            (
                "<loc12><loc0200><loc0300><loc0400> a",
                [("<loc12><loc0200><loc0300><loc0400> a", .malformedLocation("<loc12>"))]
            ),
            (
                "<loc1024><loc0200><loc0300><loc0400> a",
                [("<loc1024><loc0200><loc0300><loc0400> a", .malformedLocation("<loc1024>"))]
            ),
            ("I see \(four)", [("I see", .noLocations), (four, .noName)]),
            ("dog ; <loc0001> cat ;; \n", [("dog", .noLocations), ("<loc0001> cat", .locationCount(1))]),
        ] as [(String, [(String, RejectedDetection.Reason)])])
    func rejections(_ text: String, _ expected: [(String, RejectedDetection.Reason)]) {
        let (detections, rejected) = LocationText.parse(text, imageWidth: 10, imageHeight: 10)
        #expect(detections.isEmpty)
        #expect(rejected == expected.map { RejectedDetection(text: $0.0, reason: $0.1) })
    }

    @Test(
        "nothing is found and nothing rejected in blank text",
        arguments: ["", " \n", ";", " ; ;", "<eos>", "<pad><pad>"])
    func blank(_ text: String) {
        let (detections, rejected) = LocationText.parse(text, imageWidth: 10, imageHeight: 10)
        #expect(detections == .empty)
        #expect(rejected.isEmpty)
    }

    @Test(
        "a name ends at the next separator, location or end token",
        arguments: [
            "\(four) cat<eos>", "\(four)cat", "\(four) cat;", "\(four)<seg000><seg127> cat\n", "\(four)\u{00A0}cat ",
        ])
    func ends(_ text: String) {
        let (detections, rejected) = LocationText.parse(text, imageWidth: 10, imageHeight: 10)
        #expect(detections.classNames == ["cat"])
        #expect(rejected.isEmpty)
    }

    @Test("classes give ids, compare composed letters as equal, and report the rest")
    func classes() {
        let text = "\(Self.four) cafe\u{301} ; \(Self.four) unicorn ; \(Self.four) dog"
        let (detections, rejected) = LocationText.parse(
            text, imageWidth: 10, imageHeight: 10, classes: ["dog", "café"])
        #expect(detections.classIDs == [1, 0])
        #expect(rejected == [RejectedDetection(text: "\(Self.four) unicorn", reason: .unknownClass("unicorn"))])
    }

    @Test("the divisor 1023 puts the last location on the picture's edge")
    func divisor() {
        let text = "<loc0000><loc0000><loc1023><loc1023> all"
        let (detections, _) = LocationText.parse(
            text, imageWidth: 640, imageHeight: 480, options: LocationTextOptions(divisor: .locations1023))
        #expect(detections.boxes == [Box(xMin: 0, yMin: 0, xMax: 640, yMax: 480)])
        let written = LocationText.format(detections, imageWidth: 640, imageHeight: 480, divisor: .locations1023)
        #expect(written == text)
    }

    @Test("boxes outside the picture are written at its edge, locations round down")
    func writing() {
        let detections = Detections(
            boxes: [
                Box(xMin: -10, yMin: 5, xMax: 700, yMax: 480), Box(xMin: 10.3, yMin: 2, xMax: 100, yMax: 4),
                Box(xMin: .nan, yMin: 0, xMax: .infinity, yMax: 1),
            ],
            classIDs: [nil, nil, nil], classNames: ["a", "b", "c"])
        let asGiven = LocationText.format(detections, imageWidth: 640, imageHeight: 480)
        #expect(
            asGiven == "<loc0010><loc0000><loc1023><loc1023> a ; <loc0004><loc0016><loc0008><loc0160> b"
                + " ; <loc0000><loc0000><loc0002><loc0000> c")
        let sorted = LocationText.format(
            detections.selecting(rows: [0, 1]), imageWidth: 640, imageHeight: 480, order: .topToBottom)
        #expect(sorted == "<loc0004><loc0016><loc0008><loc0160> b ; <loc0010><loc0000><loc1023><loc1023> a")
        #expect(LocationText.format(.empty, imageWidth: 1, imageHeight: 1) == "")
    }

    @Test("locations that are read and written again are the same", arguments: [224, 288, 333, 640, 1024, 4000])
    func roundTrip(_ side: Int) {
        let text = stride(from: 0, through: 1023, by: 3).map { value in
            let token = "<loc\(LocationText.padded(value))>"
            return "\(token)\(token)\(token)\(token) x"
        }.joined(separator: " ; ")
        let (detections, _) = LocationText.parse(text, imageWidth: side, imageHeight: side)
        #expect(LocationText.format(detections, imageWidth: side, imageHeight: side) == text)
    }

    @Test(
        "a prefix names its classes once each",
        arguments: [
            ("detect cat ; dog", ["cat", "dog"]), ("detect cat", ["cat"]), ("detect  a b ;c;; a b ", ["a b", "c"]),
            ("<image><image>detect cat\n", ["cat"]), ("detect", []), ("detect ", []), ("detection cat", []),
            ("caption en", []), ("", []), ("detect 红心 A ; 黑桃 K", ["红心 A", "黑桃 K"]),
        ])
    func prefixes(_ prefix: String, _ classes: [String]) {
        #expect(LocationText.classes(inPrefix: prefix) == classes)
    }

    @Test("a prefix that was made is read back")
    func prefixRoundTrip() {
        #expect(LocationText.prefix(detecting: ["a b", "c"]) == "detect a b ; c")
    }
}
