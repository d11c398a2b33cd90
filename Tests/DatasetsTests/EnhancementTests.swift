import Datasets
import Detection
import Foundation
import Images
import Testing

@Suite("An enhanced data set shows more of what is hard, and leaves its source alone")
struct EnhancementTests {
    /// Eleven pictures: cats everywhere, a dog in two, one cat at the border.
    private func source() throws -> (TemporaryDataset, DetectionDataset) {
        let names = (0..<11).map { "p\($0).png" }
        let folder = try TemporaryDataset(images: names + ["v.png"])
        let cat = "<loc0300><loc0300><loc0600><loc0600> cat"
        let rows = names.enumerated().map { number, name in
            let dog = number == 2 || number == 3 ? " ; <loc0100><loc0100><loc0250><loc0250> dog" : ""
            let own = number == 5 ? "<loc0000><loc0400><loc0300><loc0700> cat" : cat
            return TemporaryDataset.row(name, own + dog)
        }
        try folder.annotate(rows.joined(separator: "\n"))
        try folder.annotate(TemporaryDataset.row("v.png", cat), split: "valid")
        return (folder, try DetectionDataset.load(folder: folder.path))
    }

    private func files(_ folder: String) throws -> [String: Data] {
        var bytes: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            bytes[name] = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
        }
        return bytes
    }

    @Test("rare classes, confused pairs and boxes at the border get copies")
    func planning() throws {
        let (folder, dataset) = try source()
        defer { withExtendedLifetime(folder) {} }
        var options = EnhancementPlan.Options()
        options.rareBelow = 0.9
        let plan = EnhancementPlan(
            dataset,
            confusions: [
                .init(labelled: "cat", predicted: "dog", count: 1), .init(labelled: "dog", predicted: "cat", count: 4),
            ], options: options)
        #expect(plan.classes.map(\.boxCount) == [11, 2])
        #expect(plan.rare.map(\.classID) == [1] && plan.rare.first?.wanted == 11)
        // Each of two pictures with a dog is copied three times at most.
        #expect(plan.copies.count { $0.reason == .rare } == 6)
        #expect(Set(plan.copies.filter { $0.reason == .rare }.map(\.example)) == [2, 3])
        #expect(plan.pairs.map(\.count) == [4, 1])
        #expect(plan.copies.count { $0.reason == .confused } == 11)
        #expect(plan.borderExamples == [5] && plan.borderBoxCount == 1)
        #expect(plan.copies.filter { $0.reason == .border }.map(\.example) == [5])
        #expect(EnhancementPlan(dataset, confusions: [], options: options).pairs.isEmpty)
    }

    @Test("copies of rare classes differ from one another, and lose no box")
    func variations() throws {
        let (folder, dataset) = try source()
        defer { withExtendedLifetime(folder) {} }
        let example = dataset.examples(.train)[2]
        var seen: [PictureChanges] = []
        for number in 1...40 {
            let changes = EnhancementPlan.variation(of: example, number: number, 7)
            let found = changes.applied(to: example.detections, in: PixelSize(width: 64, height: 48))
            #expect(found.classNames == example.detections.classNames, "\(changes)")
            #expect(!seen.contains(changes))
            seen.append(changes)
        }
        #expect(EnhancementPlan.variation(of: example, number: 1, 7) == seen[0])
        #expect(EnhancementPlan.variation(of: example, number: 1, 8) != seen[0])
    }

    @Test("what is written reads back, the same bytes each time, and the source keeps its own")
    func writing() throws {
        let (folder, dataset) = try source()
        let before = try files(folder.path)
        let plan = EnhancementPlan(
            dataset, confusions: [.init(labelled: "dog", predicted: "cat", count: 2)])
        let parent = try TemporaryDataset(images: [])
        var written: [[String: Data]] = []
        for name in ["one", "two"] {
            let set = try #require(try EnhancedDatasetWriter(dataset, plan).write(to: "\(parent.path)/\(name)"))
            #expect(set.examples(.train).count == 11 + plan.copies.count && set.examples(.valid).count == 1)
            for (place, copy) in plan.copies.enumerated() {
                let example = set.examples(.train)[11 + place]
                let source = dataset.examples(.train)[copy.example]
                let moved = copy.changes.applied(to: source.detections, in: PixelSize(width: 64, height: 48))
                #expect(example.detections.classNames == moved.classNames)
                for (found, expected) in zip(example.detections.boxes, moved.boxes) {
                    // Written as locations, which are rounded down to a 1,024th of the picture.
                    #expect(abs(found.xMin - expected.xMin) <= 0.1 && abs(found.yMax - expected.yMax) <= 0.1)
                }
                if copy.reason == .confused { #expect(example.suffix == source.suffix) }
            }
            written.append(try files("\(parent.path)/\(name)"))
        }
        #expect(written[0] == written[1] && written[0].count > 13)
        #expect(try files(folder.path) == before)
    }

    @Test("a box at the border lies inside its copy")
    func border() throws {
        let (folder, dataset) = try source()
        defer { withExtendedLifetime(folder) {} }
        let plan = EnhancementPlan(dataset)
        let copy = try #require(plan.copies.first { $0.reason == .border })
        let example = dataset.examples(.train)[copy.example]
        let moved = copy.changes.applied(to: example.detections, in: PixelSize(width: 64, height: 48))
        #expect(example.isAtBorder(example.detections.boxes[0], margin: 0.01))
        #expect(moved.boxes[0].yMin >= 1)
    }

    @Test("the source's folder, a folder in it, and one that holds something are refused")
    func refusals() throws {
        let (folder, dataset) = try source()
        let writer = EnhancedDatasetWriter(dataset, EnhancementPlan(dataset))
        for place in [folder.path, folder.path + "/enhanced", folder.path + "/./a/../b"] {
            #expect(throws: DatasetError.self) { try writer.write(to: place, replaces: true) }
        }
        let other = try TemporaryDataset(images: ["mine.png"])
        #expect(throws: DatasetError.self) { try writer.write(to: other.path) }
    }

    @Test("work that is stopped leaves no annotations of copies")
    func stopping() throws {
        let (folder, dataset) = try source()
        defer { withExtendedLifetime(folder) {} }
        let parent = try TemporaryDataset(images: [])
        let plan = EnhancementPlan(varying: dataset, seed: 1)
        #expect(plan.copies.count == 11)
        let set = try EnhancedDatasetWriter(dataset, plan).write(to: "\(parent.path)/x") { done, _ in done < 15 }
        #expect(set == nil)
        #expect(try DetectionDataset.load(folder: "\(parent.path)/x").examples(.train).count == 11)
    }

    @Test("a set without boxes, or with few of all, asks for nothing")
    func nothing() throws {
        let folder = try TemporaryDataset()
        try folder.annotate(TemporaryDataset.row("a.png", ""))
        #expect(EnhancementPlan(try DetectionDataset.load(folder: folder.path)).copies.isEmpty)
    }
}
