import Detection
import Images

/// A picture with its labels, before the class list of its data set is known.
struct LoadedPicture {
    /// The picture's path without links, its name in the data set, and its size.
    let path: String
    let name: String
    let size: ImageHeader
    /// Prompt and answer as the file has them, or nil where the format knows none.
    var prompt: (prefix: String, suffix: String)?
    /// Boxes in pixels, with names and without ids.
    let detections: Detections
    /// The line in the split's annotation file, from 1, or the picture's place in the split.
    let line: Int

    /// The picture as an example, with class ids, prompt and answer made of the data set's classes.
    func example(classes: [String]) -> DetectionExample {
        let prompt =
            prompt ?? (
                LocationText.prefix(detecting: classes.sorted()),
                LocationText.format(detections, imageWidth: size.width, imageHeight: size.height)
            )
        return DetectionExample(
            imagePath: path, imageName: name, width: size.width, height: size.height, prefix: prompt.prefix,
            suffix: prompt.suffix, detections: detections.withClassIDs(in: classes), line: line)
    }
}

/// Pictures of all splits on their way into a data set, with what was rejected.
struct LoadedPictures {
    /// Whether bad pictures are left out and counted, in place of ending the reading.
    let skipsInvalid: Bool
    private var splits: [DatasetSplit: [LoadedPicture]] = [:]
    private var rejected: [DatasetError] = []

    init(skipsInvalid: Bool) {
        self.skipsInvalid = skipsInvalid
    }

    /// All pictures, split after split.
    var all: [LoadedPicture] { DatasetSplit.allCases.flatMap { splits[$0] ?? [] } }

    /// Whether no split has been begun.
    var isEmpty: Bool { splits.isEmpty }

    /// Adds the pictures of a split, made one by one of `items`; `place` says where an item stands.
    mutating func add<Item>(
        _ items: some Sequence<Item>, to split: DatasetSplit, file: String, place: (Item) -> (file: String, line: Int?),
        read: (Item) throws(DatasetError.Problem) -> LoadedPicture
    ) throws(DatasetError) {
        var pictures: [LoadedPicture] = []
        for item in items {
            do throws(DatasetError.Problem) {
                pictures.append(try read(item))
            } catch {
                let (file, line) = place(item)
                let failure = DatasetError(file: file, line: line, problem: error)
                guard skipsInvalid else { throw failure }
                rejected.append(failure)
            }
        }
        guard !pictures.isEmpty else { throw DatasetError(file: file, problem: .noRows) }
        splits[split] = pictures
    }

    /// The data set of these pictures.
    func dataset(name: String, folder: String, classes: [String]) -> DetectionDataset {
        DetectionDataset(
            name: name, folder: folder, classes: classes,
            splits: splits.mapValues { $0.map { $0.example(classes: classes) } }, rejectedRows: rejected)
    }
}

/// How strictly a data set is read.
package struct DatasetReadingOptions: Sendable, Equatable {
    /// Whether bad rows are left out and counted, in place of ending the reading.
    package var skipsInvalidRows: Bool
    /// How many locations span a picture, in location text.
    package var divisor: LocationTextOptions.Divisor

    /// Makes options; by default the first bad row ends the reading.
    package init(skipsInvalidRows: Bool = false, divisor: LocationTextOptions.Divisor = .locations1024) {
        self.skipsInvalidRows = skipsInvalidRows
        self.divisor = divisor
    }
}
