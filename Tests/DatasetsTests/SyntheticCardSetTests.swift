import Detection
import Foundation
import Images
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite("SyntheticCardSet")
struct SyntheticCardSetTests {
    /// Small, so that it is drawn quickly.
    private static let small = SyntheticCardSet(seed: 3, train: 12, valid: 0, test: 2, pixelSize: 80)

    @Test("the same seed draws the same pixels, another seed or number others")
    func deterministic() throws {
        let (image, detections) = try Self.small.picture(1, of: .train)
        let again = try Self.small.picture(1, of: .train)
        #expect(image == again.0)
        #expect(detections == again.1)
        #expect(try image != Self.small.picture(2, of: .train).0)
        #expect(try image != Self.small.picture(1, of: .test).0)
        var other = Self.small
        other.seed = 4
        #expect(try image != other.picture(1, of: .train).0)
    }

    @Test("pictures of a longer set begin as those of a shorter one")
    func longer() throws {
        var longer = Self.small
        longer.trainCount = 50
        #expect(try longer.picture(3, of: .train).0 == Self.small.picture(3, of: .train).0)
    }

    @Test("a written set is read back: layout, classes, boxes inside, hardly any overlap, no card twice")
    func written() throws {
        let folder = try TemporaryDataset(images: [])
        var shown: [Int] = []
        #expect(
            try Self.small.write(to: folder.path + "/new/set") { done, total in
                shown.append(done)
                return total == 14
            })
        #expect(shown == Array(1...14))
        let dataset = try PaliGemmaReader().load(folder: folder.path + "/new/set")
        #expect(dataset.classes == PlayingCard.sampleClasses.map(\.name))
        #expect(dataset.examples(.train).map(\.imageName).first == "train_000.jpg")
        #expect(dataset.examples(.train).count == 12)
        #expect(dataset.splits[.valid] == nil)
        for example in dataset.examples(.train) + dataset.examples(.test) {
            let boxes = example.detections.boxes
            #expect((1...5).contains(boxes.count))
            #expect(Set(example.detections.classNames).count == boxes.count)
            for (place, box) in boxes.enumerated() {
                #expect(box.xMin >= 0 && box.yMin >= 0 && box.xMax <= 80 && box.yMax <= 80)
                for other in boxes[..<place] {
                    #expect(box.intersection(other) < 0.13 * min(box.area, other.area))
                }
            }
        }
        #expect(DatasetDoctor(dataset).findings().isEmpty)
    }

    @Test("stopping early leaves no annotation file of the split")
    func stopped() throws {
        let folder = try TemporaryDataset(images: [])
        #expect(try !Self.small.write(to: folder.path) { done, _ in done < 2 })
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(files.sorted() == ["train_000.jpg", "train_001.jpg"])
    }

    @Test("a set that cannot be drawn or written is an error that says why")
    func errors() throws {
        let folder = try TemporaryDataset(images: ["file"])
        func failure(_ change: (inout SyntheticCardSet) -> Void) -> SyntheticCardError? {
            var set = Self.small
            change(&set)
            return #expect(throws: SyntheticCardError.self) { try set.write(to: folder.path) }
        }
        #expect(failure { $0.pixelSize = 63 } == .pixelSize(63))
        #expect(failure { $0.validCount = -1 } == .negativeCount)
        #expect(failure { $0.cards = Array($0.cards.prefix(4)) }?.description.contains("at least 5") == true)
        #expect(failure { $0.cards += [$0.cards[0]] } != nil)
        #expect(throws: SyntheticCardError.noSuchPicture(number: 12, count: 12)) {
            try Self.small.picture(12, of: .train)
        }
        let error = #expect(throws: SyntheticCardError.self) { try Self.small.write(to: folder.path + "/file/x") }
        #expect(error?.description.contains("/file/x: cannot be written") == true)
    }

    @Test("a scene of every number of cards finds room", arguments: 1...5)
    func room(_ count: Int) throws {
        let cards = Array(PlayingCard.sampleClasses.prefix(count))
        for seed in 0..<6 {
            var random = RandomStream(seed: UInt64(seed), purpose: "test")
            let placed = SceneComposer(side: 224).place(cards, &random)
            #expect(placed.map(\.card) == cards)
        }
    }
}

@Suite("samples/cards")
struct SampleCardsTests {
    private let set = SyntheticCardSet()

    private func dataset() throws -> DetectionDataset {
        try PaliGemmaReader().load(folder: Folders.samples.appendingPathComponent("cards").path)
    }

    @Test("the sample has its splits, nine even classes, and nothing for the doctor to find")
    func contents() throws {
        let dataset = try dataset()
        #expect(dataset.classes == PlayingCard.sampleClasses.map(\.name))
        for split in DatasetSplit.allCases {
            #expect(dataset.examples(split).count == set.count(of: split))
            let counts = DatasetStatistics(dataset.examples(split), classes: dataset.classes).classes.map(\.boxCount)
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1, "\(split): \(counts)")
        }
        #expect(DatasetDoctor(dataset).findings().isEmpty)
    }

    @Test("the sample is what the generator draws", arguments: [(DatasetSplit.train, 0), (.valid, 7), (.test, 39)])
    func regenerated(_ split: DatasetSplit, _ number: Int) throws {
        let example = try dataset().examples(split)[number]
        let (image, detections) = try set.picture(number, of: split)
        let suffix = LocationText.format(detections, imageWidth: image.width, imageHeight: image.height)
        #expect(example.suffix == suffix)
        let stored = try ImageBuffer(contentsOf: example.imagePath)
        let difference = zip(stored.pixels, image.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        // JPEG of quality 88 moves a channel by 2 to 4 on the mean; two different pictures differ by 40.
        #expect(Double(difference) / Double(image.pixels.count) < 6)
    }
}
