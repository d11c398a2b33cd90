import Detection
import Images

/// Something about a data set that a person should look at.
package struct Finding: Sendable, Equatable, CustomStringConvertible {
    /// How bad a finding is.
    package enum Severity: String, Sendable, CaseIterable {
        /// Training or scores are wrong because of it.
        case error
        /// It probably costs quality.
        case warning
        /// It may be meant.
        case note
    }

    /// What was found.
    package enum Kind: Sendable, Equatable {
        /// A row that cannot be used.
        case rejectedRow(DatasetError)
        /// A picture that does not decode.
        case unreadableImage(ImageError)
        /// A box without area, or with crossed corners.
        case emptyBox(Box, className: String)
        /// A box that leaves the picture by more than rounding.
        case outsideBox(Box, className: String)
        /// Two boxes of one class that nearly cover each other.
        case duplicateBox(className: String, iou: Double)
        /// A name that the prefix does not ask for.
        case unaskedName(String)
        /// A rare name that is nearly a frequent one.
        case similarNames(rare: String, count: Int, frequent: String, frequentCount: Int)
        /// Classes of very different frequency.
        case imbalance(rare: String, count: Int, frequent: String, frequentCount: Int)
        /// A class that is to be found, but never shown in training.
        case neverTrained(String)
        /// The same picture on both sides of an examination.
        case leak([DuplicateImages.Place])
        /// The same picture more than once in a split.
        case repeatedImage([DuplicateImages.Place])
    }

    /// What was found.
    package let kind: Kind
    /// The split concerned, or nil where several are.
    package let split: DatasetSplit?
    /// The picture concerned, or nil where no single one is.
    package let imageName: String?
    /// The line in the split's annotation file, or nil.
    package let line: Int?

    /// Makes a finding.
    init(_ kind: Kind, split: DatasetSplit? = nil, imageName: String? = nil, line: Int? = nil) {
        self.kind = kind
        self.split = split
        self.imageName = imageName
        self.line = line
    }

    /// How bad it is.
    package var severity: Severity {
        switch kind {
        case .rejectedRow, .unreadableImage, .emptyBox, .leak: .error
        case .outsideBox, .duplicateBox, .unaskedName, .similarNames, .neverTrained: .warning
        case .imbalance, .repeatedImage: .note
        }
    }

    /// What was found and what to do, with file and line where there is one.
    package var description: String {
        guard let split, let line else { return kind.description }
        let image = imageName.map { " (\($0))" } ?? ""
        return "\(PaliGemmaReader.annotationFile(split)):\(line)\(image): \(kind)"
    }
}

extension Finding.Kind: CustomStringConvertible {
    /// What was found and what to do.
    package var description: String {
        switch self {
        case .rejectedRow(let error): error.description
        case .unreadableImage(let error): error.description
        case .emptyBox(let box, let name):
            "the box of \"\(name)\" is \(Self.pixels(box.width)) x \(Self.pixels(box.height)) pixels; draw it anew"
        case .outsideBox(let box, let name):
            "the box of \"\(name)\" leaves the picture (\(Self.pixels(box.xMin)), \(Self.pixels(box.yMin)) to "
                + "\(Self.pixels(box.xMax)), \(Self.pixels(box.yMax))); clip it"
        case .duplicateBox(let name, let iou):
            "two boxes of \"\(name)\" cover each other (IoU \(Self.pixels(iou))); remove one"
        case .unaskedName(let name): "the suffix names \"\(name)\", which the prefix does not ask for; add it there"
        case .similarNames(let rare, let count, let frequent, let frequentCount):
            "\"\(rare)\" (\(count) boxes) looks like \"\(frequent)\" (\(frequentCount) boxes) misspelt; rename it if so"
        case .imbalance(let rare, let count, let frequent, let frequentCount):
            "\"\(rare)\" has \(count) training boxes, \"\(frequent)\" \(frequentCount); collect more of the former"
        case .neverTrained(let name): "\"\(name)\" is to be found, but the train split does not show it; add examples"
        case .leak(let places): "the same picture is in \(Self.list(places)); keep it in one split"
        case .repeatedImage(let places): "the same picture is in \(Self.list(places)); keep one if that is not meant"
        }
    }

    private static func pixels(_ value: Double) -> String {
        let tenths = (value * 100).rounded() / 100
        return tenths == tenths.rounded() ? String(Int(tenths)) : String(tenths)
    }

    private static func list(_ places: [DuplicateImages.Place]) -> String {
        places.map { "\($0.split.rawValue) (\($0.imageName))" }.joined(separator: " and ")
    }
}
