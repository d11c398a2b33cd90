/// The text in which PaliGemma says boxes: `<locYMIN><locXMIN><locYMAX><locXMAX> name ; …`.
package enum LocationText {
    /// The number of location tokens in the vocabulary.
    package static let locationCount = 1024

    /// Reads a model's answer, or a label's suffix.
    ///
    /// By default a name is all text from its four locations to the next `;`, location or end token; text that is no
    /// detection is reported. docs/detections.md lists where the supervision 0.25 reading differs.
    /// - Parameters:
    ///   - text: the answer.
    ///   - imageWidth: width of the picture, in pixels; boxes are scaled to it.
    ///   - imageHeight: height of the picture, in pixels.
    ///   - classes: names to keep, their order gives class ids; nil keeps all, with ids nil.
    ///   - options: whose reading to follow, and the divisor.
    /// - Returns: the detections in the order of the text, and what was rejected, in the same order.
    package static func parse(
        _ text: String, imageWidth: Int, imageHeight: Int, classes: [String]? = nil,
        options: LocationTextOptions = LocationTextOptions()
    ) -> (detections: Detections, rejected: [RejectedDetection]) {
        let readings =
            switch options.compatibility {
            case .palinote: LocationTextReader(text).readings()
            case .supervision025: SupervisionTextReader(text).readings()
            }
        var collector = DetectionCollector(
            scale: LocationScale(
                width: Double(imageWidth), height: Double(imageHeight), divisor: options.divisor),
            classes: classes, compatibility: options.compatibility)
        for reading in readings {
            collector.add(reading)
        }
        return (collector.detections, collector.rejected)
    }
}

/// One piece of location text: a named box in locations, or text that is none.
enum LocationReading {
    /// Locations in the order of the text (y min, x min, y max, x max), the name, and the whole piece.
    case box(locations: [Int], name: String, text: String)
    /// Text that is no detection.
    case rejected(RejectedDetection)
}

/// Gathers readings into columns, dropping classes that were not asked for.
private struct DetectionCollector {
    let scale: LocationScale
    let classes: [String]?
    let compatibility: LocationTextOptions.Compatibility
    private var boxes: [Box] = []
    private var classIDs: [Int?] = []
    private var classNames: [String] = []
    private(set) var rejected: [RejectedDetection] = []

    init(scale: LocationScale, classes: [String]?, compatibility: LocationTextOptions.Compatibility) {
        self.scale = scale
        self.classes = classes
        self.compatibility = compatibility
    }

    var detections: Detections { Detections(boxes: boxes, classIDs: classIDs, classNames: classNames) }

    mutating func add(_ reading: LocationReading) {
        switch reading {
        case .rejected(let rejection):
            rejected.append(rejection)
        case .box(let locations, let name, let text):
            var classID: Int?
            if let classes {
                classID = index(of: name, in: classes)
                guard classID != nil else {
                    rejected.append(RejectedDetection(text: text, reason: .unknownClass(name)))
                    return
                }
            }
            boxes.append(scale.box(locations))
            classIDs.append(classID)
            classNames.append(name)
        }
    }

    /// Python compares code points; Swift's equality also joins the composed and decomposed forms of a letter.
    private func index(of name: String, in classes: [String]) -> Int? {
        switch compatibility {
        case .palinote: classes.firstIndex(of: name)
        case .supervision025: classes.firstIndex { $0.unicodeScalars.elementsEqual(name.unicodeScalars) }
        }
    }
}
