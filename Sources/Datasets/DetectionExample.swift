import Detection
import JSON

/// A picture with what to ask about it and what to answer.
package struct DetectionExample: Sendable, Equatable {
    /// The picture's file, as an absolute path.
    package let imagePath: String
    /// The picture's file as the row names it, relative to the data set's folder.
    package let imageName: String
    /// The picture's width in pixels, as its header states it.
    package let width: Int
    /// The picture's height in pixels, as its header states it.
    package let height: Int
    /// The prompt, such as `detect cat ; dog`.
    package let prefix: String
    /// The answer in location text; empty where there is nothing to find.
    package let suffix: String
    /// The answer as boxes in pixels, with class ids of the data set.
    package let detections: Detections
    /// The row's line in its file, from 1.
    package let line: Int

    /// Puts an example together.
    package init(
        imagePath: String, imageName: String, width: Int, height: Int, prefix: String, suffix: String,
        detections: Detections, line: Int
    ) {
        self.imagePath = imagePath
        self.imageName = imageName
        self.width = width
        self.height = height
        self.prefix = prefix
        self.suffix = suffix
        self.detections = detections
        self.line = line
    }

    /// The row as a Roboflow export writes it, without a line end.
    package var annotationLine: String {
        let row: JSON = ["image": .string(imageName), "prefix": .string(prefix), "suffix": .string(suffix)]
        return row.text(.compact)
    }
}
