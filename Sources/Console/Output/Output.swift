/// What a command says: typed values that a front end renders.
package enum Output: Sendable, Equatable {
    /// A paragraph; may hold newlines.
    case text(Text)
    /// Labels and values, one pair a line.
    case fields(Fields)
    /// Rows and columns.
    case table(Table)
    /// A picture that was saved.
    case image(ImageOutput)
    /// Curves or bars, and the picture drawn of them.
    case chart(Chart)
    /// How far long work has come; never recorded.
    case progress(Progress)
    /// Something the user should look at; the cell goes on.
    case warning(Text)
    /// The cell failed.
    case failure(Failure)
}

/// Labels and values, one pair a line.
package struct Fields: Sendable, Equatable {
    /// One label and its value.
    package struct Field: Sendable, Equatable {
        /// The label.
        package var label: String
        /// The value.
        package var value: Text
    }

    /// The pairs in the order shown.
    package var fields: [Field]

    /// Makes fields from pairs.
    package init(_ pairs: [(String, Text)] = []) {
        fields = pairs.map { Field(label: $0.0, value: $0.1) }
    }

    /// Adds a pair at the end.
    package mutating func add(_ label: String, _ value: Text) {
        fields.append(Field(label: label, value: value))
    }
}

/// Rows and columns of typed cells.
package struct Table: Sendable, Equatable {
    /// A column's heading and side.
    package struct Column: Sendable, Equatable {
        /// The heading.
        package var title: String
        /// Where cells stand; nil lets numbers stand right and words left.
        package var alignment: Alignment?

        /// Makes a column.
        package init(_ title: String, alignment: Alignment? = nil) {
            self.title = title
            self.alignment = alignment
        }
    }

    /// The side on which a column's cells stand.
    package enum Alignment: Sendable {
        /// Left.
        case left
        /// Right.
        case right
    }

    /// A line above the table; empty for none.
    package var title: String
    /// The columns.
    package var columns: [Column]
    /// The rows; each has a cell for every column.
    package private(set) var rows: [[Text]] = []

    /// Makes an empty table.
    package init(title: String = "", columns: [Column]) {
        self.title = title
        self.columns = columns
    }

    /// Makes an empty table from headings.
    package init(title: String = "", _ headings: String...) {
        self.init(title: title, columns: headings.map { Column($0) })
    }

    /// Adds a row, which must have a cell for every column.
    package mutating func add(_ row: [Text]) {
        precondition(row.count == columns.count, "a row of \(row.count) cells in a table of \(columns.count) columns")
        rows.append(row)
    }
}

/// A picture that was saved.
package struct ImageOutput: Sendable, Equatable {
    /// A box drawn in the picture, for exact comparison beside the tolerant one of the pixels.
    package struct Box: Sendable, Equatable {
        /// The label.
        package var label: String
        /// Left, top, right and bottom in pixels, the origin at the top left.
        package var corners: [Double]

        /// Makes a box.
        package init(label: String, corners: [Double]) {
            self.label = label
            self.corners = corners
        }
    }

    /// The file, as the session writes it: relative to the session file when recording.
    package var path: String
    /// Pixels across.
    package var width: Int
    /// Pixels down.
    package var height: Int
    /// SHA-256 of the decoded pixels, in hexadecimal.
    package var digest: String
    /// What the picture shows, in words.
    package var alt: String
    /// The boxes drawn.
    package var boxes: [Box]

    /// Makes an image output.
    package init(path: String, width: Int, height: Int, digest: String, alt: String, boxes: [Box] = []) {
        self.path = path
        self.width = width
        self.height = height
        self.digest = digest
        self.alt = alt
        self.boxes = boxes
    }

    /// The first twelve digits of the digest: enough to tell pictures apart.
    package var shortDigest: String { String(digest.prefix(12)) }
}

/// Curves, and the picture drawn of them.
package struct Chart: Sendable, Equatable {
    /// One curve.
    package struct Series: Sendable, Equatable {
        /// The name in the legend.
        package var name: String
        /// Places along the horizontal axis.
        package var x: [Double]
        /// Heights.
        package var y: [Double]

        /// Makes a curve of as many heights as places.
        package init(name: String, x: [Double], y: [Double]) {
            self.name = name
            self.x = x
            self.y = y
        }
    }

    /// The title.
    package var title: String
    /// What the horizontal axis counts.
    package var xLabel: String
    /// What the vertical axis measures.
    package var yLabel: String
    /// The curves.
    package var series: [Series]
    /// The picture, if one was drawn.
    package var image: ImageOutput?

    /// Makes a chart.
    package init(title: String, xLabel: String, yLabel: String, series: [Series], image: ImageOutput? = nil) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.series = series
        self.image = image
    }
}
