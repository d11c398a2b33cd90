import Detection
import Files
import FoundationEssentials
import Images
import JSON
import Tensors

/// Synthetic photos of playing cards as a data set: the same seed gives the same pixels on every machine.
package struct SyntheticCardSet: Sendable, Equatable {
    /// What decides everything that is drawn.
    package var seed: UInt64
    /// The number of pictures in the train split.
    package var trainCount: Int
    /// The number of pictures in the valid split.
    package var validCount: Int
    /// The number of pictures in the test split.
    package var testCount: Int
    /// Width and height of each picture.
    package var pixelSize: Int
    /// The cards to draw from; their names are the classes.
    package var cards: [PlayingCard]
    /// The quality of the JPEG files, 1 to 100.
    package var jpegQuality: Int

    /// The sides that can be drawn, in pixels: below, letters cannot be read; above, memory runs short.
    package static let pixelSizes = 64...2048

    /// Describes a set; by default the one in samples/cards.
    package init(
        seed: UInt64 = 7, train: Int = 160, valid: Int = 40, test: Int = 40, pixelSize: Int = 288,
        cards: [PlayingCard] = PlayingCard.sampleClasses, jpegQuality: Int = 88
    ) {
        self.seed = seed
        trainCount = train
        validCount = valid
        testCount = test
        self.pixelSize = pixelSize
        self.cards = cards
        self.jpegQuality = jpegQuality
    }

    /// The number of pictures that a split has.
    package func count(of split: DatasetSplit) -> Int {
        switch split {
        case .train: trainCount
        case .valid: validCount
        case .test: testCount
        }
    }

    /// Draws the set into a folder, in the layout of a Roboflow export; the folder is made where it is missing.
    /// - Parameters:
    ///   - folder: where pictures and annotation files go; files of the same names are replaced.
    ///   - progress: called after each picture with the number done and the number in all; returning false ends the
    ///     work before the annotation files of the split are written.
    /// - Returns: whether the set is complete.
    /// - Throws: `SyntheticCardError` for a description that cannot be drawn, or for a file that cannot be written.
    @discardableResult
    package func write(
        to folder: String, progress: (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
    ) throws(SyntheticCardError) -> Bool {
        try check()
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .dataset(DatasetError(file: folder, problem: .unwritable(SystemReason.of(error))))
        }
        let total = DatasetSplit.allCases.reduce(0) { $0 + count(of: $1) }
        var done = 0
        for split in DatasetSplit.allCases where count(of: split) > 0 {
            var examples: [DetectionExample] = []
            for (number, cards) in deals(split).enumerated() {
                examples.append(try draw(cards, number: number, split: split, folder: folder))
                done += 1
                guard progress(done, total) else { return false }
            }
            do throws(DatasetError) {
                try PaliGemmaWriter.write(examples, split: split, to: folder)
            } catch {
                throw .dataset(error)
            }
        }
        return true
    }

    /// One picture of the set with its cards' boxes.
    package func picture(_ number: Int, of split: DatasetSplit) throws(SyntheticCardError) -> (ImageBuffer, Detections)
    {
        try check()
        let deals = deals(split)
        guard deals.indices.contains(number) else { throw .noSuchPicture(number: number, count: deals.count) }
        return try picture(of: deals[number], number: number, split: split)
    }
}

extension SyntheticCardSet {
    private func check() throws(SyntheticCardError) {
        guard Self.pixelSizes.contains(pixelSize) else { throw .pixelSize(pixelSize) }
        guard min(trainCount, validCount, testCount) >= 0 else { throw .negativeCount }
        guard Set(cards).count == cards.count, cards.count >= 5 else { throw .cards(cards.map(\.name)) }
    }

    /// The cards of each picture of a split, dealt from a shuffled deck that is shuffled anew when it is used up, so that
    /// classes come out even; no card is twice in a picture.
    private func deals(_ split: DatasetSplit) -> [[PlayingCard]] {
        var random = RandomStream(seed: seed, purpose: "synthetic cards, deal of \(split.rawValue)")
        var deck: [PlayingCard] = []
        return (0..<count(of: split)).map { _ in
            var dealt: [PlayingCard] = []
            for _ in 0..<SceneComposer.cardCount(&random) {
                if deck.allSatisfy(dealt.contains) { deck += random.shuffled(cards) }
                guard let next = deck.firstIndex(where: { !dealt.contains($0) }) else { break }
                dealt.append(deck.remove(at: next))
            }
            return dealt
        }
    }

    private func picture(
        of cards: [PlayingCard], number: Int, split: DatasetSplit
    ) throws(SyntheticCardError) -> (ImageBuffer, Detections) {
        var random = RandomStream(
            seed: seed, purpose: "synthetic cards, picture of \(split.rawValue)", step: UInt64(number))
        do throws(ImageError) {
            return try CardCamera(side: pixelSize).picture(of: cards, &random)
        } catch {
            throw .image(error)
        }
    }

    private func draw(
        _ cards: [PlayingCard], number: Int, split: DatasetSplit, folder: String
    ) throws(SyntheticCardError) -> DetectionExample {
        let (image, detections) = try picture(of: cards, number: number, split: split)
        let digits = String(number)
        let name = "\(split.rawValue)_\(String(repeating: "0", count: max(3 - digits.count, 0)))\(digits).jpg"
        let path = folder + "/" + name
        do throws(ImageError) {
            try image.write(toJPEG: path, quality: jpegQuality)
        } catch {
            throw .image(error)
        }
        let classes = self.cards.map(\.name).sorted()
        return DetectionExample(
            imagePath: path, imageName: name, width: image.width, height: image.height,
            prefix: LocationText.prefix(detecting: classes),
            suffix: LocationText.format(detections, imageWidth: image.width, imageHeight: image.height),
            detections: detections.withClassIDs(in: classes), line: number + 1)
    }
}

/// Why a set of synthetic cards cannot be drawn.
package enum SyntheticCardError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Pictures of this side are not drawn.
    case pixelSize(Int)
    /// A split is to have fewer than no pictures.
    case negativeCount
    /// Cards repeat, or are too few for five on a table.
    case cards([String])
    /// A picture that the split does not have.
    case noSuchPicture(number: Int, count: Int)
    /// A picture could not be made or written.
    case image(ImageError)
    /// A folder or an annotation file could not be written.
    case dataset(DatasetError)

    /// What was found, what was expected and what to do.
    package var description: String {
        switch self {
        case .pixelSize(let side):
            "pictures of \(side) pixels cannot be drawn; choose a side from \(SyntheticCardSet.pixelSizes.lowerBound) to "
                + "\(SyntheticCardSet.pixelSizes.upperBound)"
        case .negativeCount: "a split cannot have fewer than 0 pictures; choose counts from 0"
        case .cards(let names): "a set needs at least 5 different cards, found \(names.joined(separator: ", "))"
        case .noSuchPicture(let number, let count): "there is no picture \(number); the split has \(count), from 0"
        case .image(let error): error.description
        case .dataset(let error): error.description
        }
    }
}
