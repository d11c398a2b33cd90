/// The objects of one picture, as columns of equal length: predicted ones or labelled ones.
package struct Detections: Sendable, Equatable {
    /// Where each object is, in pixels.
    package let boxes: [Box]
    /// Each object's place in the list of classes, or nil where its name is in no list.
    package let classIDs: [Int?]
    /// What each object is called.
    package let classNames: [String]
    /// How sure the model is of each object, 0 to 1, or nil where nobody said.
    package let confidences: [Double]?
    /// How far each object's edges may lie off, or nil where nobody said.
    package let deviations: [EdgeDeviations]?

    /// No objects.
    package static let empty = Detections(boxes: [], classIDs: [], classNames: [])

    /// Makes detections from columns, which must be equally long.
    package init(
        boxes: [Box], classIDs: [Int?], classNames: [String], confidences: [Double]? = nil,
        deviations: [EdgeDeviations]? = nil
    ) {
        precondition(boxes.count == classIDs.count, "a detection needs one class id a box")
        precondition(boxes.count == classNames.count, "a detection needs one class name a box")
        precondition(confidences.map { $0.count == boxes.count } ?? true, "a detection needs one confidence a box")
        precondition(deviations.map { $0.count == boxes.count } ?? true, "a detection needs one deviation a box")
        self.boxes = boxes
        self.classIDs = classIDs
        self.classNames = classNames
        self.confidences = confidences
        self.deviations = deviations
    }

    /// The number of objects.
    package var count: Int { boxes.count }

    /// Whether there is no object.
    package var isEmpty: Bool { boxes.isEmpty }

    /// One object, with all its columns.
    package struct Element: Sendable, Equatable {
        /// Where the object is, in pixels.
        package let box: Box
        /// Its place in the list of classes, or nil.
        package let classID: Int?
        /// What it is called.
        package let className: String
        /// How sure the model is, 0 to 1, or nil.
        package let confidence: Double?
        /// How far its edges may lie off, or nil.
        package let deviation: EdgeDeviations?
    }

    /// The object in row `row`.
    package subscript(row: Int) -> Element {
        Element(
            box: boxes[row], classID: classIDs[row], className: classNames[row], confidence: confidences?[row],
            deviation: deviations?[row])
    }

    /// The rows that satisfy a condition, in their order.
    package func filtered(where isKept: (Element) -> Bool) -> Detections {
        selecting(rows: boxes.indices.filter { isKept(self[$0]) })
    }

    /// The given rows, in the given order.
    package func selecting(rows: [Int]) -> Detections {
        Detections(
            boxes: rows.map { boxes[$0] }, classIDs: rows.map { classIDs[$0] },
            classNames: rows.map { classNames[$0] }, confidences: confidences.map { all in rows.map { all[$0] } },
            deviations: deviations.map { all in rows.map { all[$0] } })
    }

    /// The same objects with the given confidences, one a row.
    package func withConfidences(_ confidences: [Double]) -> Detections {
        Detections(
            boxes: boxes, classIDs: classIDs, classNames: classNames, confidences: confidences, deviations: deviations)
    }

    /// The same objects, with class ids looked up in `classes` by name; nil where a name is not there.
    package func withClassIDs(in classes: [String]) -> Detections {
        let ids = Dictionary(zip(classes, 0...), uniquingKeysWith: { first, _ in first })
        return Detections(
            boxes: boxes, classIDs: classNames.map { ids[$0] }, classNames: classNames, confidences: confidences,
            deviations: deviations)
    }
}

/// How far the edges of a box may lie off: a standard deviation for each, in pixels.
package struct EdgeDeviations: Sendable, Hashable {
    /// Of the left edge.
    package var xMin: Double
    /// Of the top edge.
    package var yMin: Double
    /// Of the right edge.
    package var xMax: Double
    /// Of the bottom edge.
    package var yMax: Double

    /// Makes deviations, in pixels.
    package init(xMin: Double, yMin: Double, xMax: Double, yMax: Double) {
        (self.xMin, self.yMin, self.xMax, self.yMax) = (xMin, yMin, xMax, yMax)
    }
}
