import Console
import Datasets
import Detection
import Images

/// A grid of labelled pictures, each scaled to its cell before boxes are drawn, so that labels stay readable.
struct AnnotatedGrid {
    private let columns: Int
    private var pictures: [ImageBuffer] = []
    private var titles: [String] = []
    private var detections: [Detections] = []

    /// The side of a cell, in pixels.
    private static let cellSide = 320
    /// Measures for pictures of a cell's size.
    private static let style = AnnotatorStyle(thickness: 2, textSize: 11, textPadding: 3)

    init(columns: Int) {
        self.columns = columns
    }

    /// Reads an example's picture and draws its boxes.
    mutating func add(_ example: DetectionExample, title: String) throws {
        try add(example.imagePath, exif: .ignore, example.detections, title: title)
    }

    /// Reads a picture and draws boxes, with their confidences where they have one.
    mutating func add(_ path: String, exif: ExifOrientation, _ detections: Detections, title: String) throws {
        let picture = try ImageBuffer(contentsOf: path, exif: exif)
        let scale = Double(Self.cellSide) / Double(max(picture.width, picture.height))
        let scaled = picture.resized(
            width: max(Int((Double(picture.width) * scale).rounded()), 1),
            height: max(Int((Double(picture.height) * scale).rounded()), 1), filter: .bicubic)
        let found = detections.scaled(
            x: Double(scaled.width) / Double(picture.width), y: Double(scaled.height) / Double(picture.height))
        pictures.append(scaled.annotated(with: found, style: Self.style, labels: found.labels))
        titles.append(title)
        self.detections.append(found)
    }

    /// Draws the grid.
    func makeImage() throws -> ImageBuffer { try grid.makeImage() }

    /// The boxes drawn, in pixels of the grid.
    var manifest: [ImageOutput.Box] {
        detections.enumerated().flatMap { index, found in
            let frame = grid.frame(of: index)
            return found.translated(x: frame.x, y: frame.y).manifest
        }
    }

    private var grid: ImageGrid {
        ImageGrid(
            images: pictures, titles: titles, rows: (pictures.count + columns - 1) / columns, columns: columns,
            cellWidth: Self.cellSide, cellHeight: Self.cellSide)
    }
}

extension Detections {
    /// The same objects in a picture scaled by the given factors.
    fileprivate func scaled(x: Double, y: Double) -> Detections {
        mappingBoxes { Box(xMin: $0.xMin * x, yMin: $0.yMin * y, xMax: $0.xMax * x, yMax: $0.yMax * y) }
    }

    /// The same objects, moved.
    fileprivate func translated(x: Double, y: Double) -> Detections {
        mappingBoxes { Box(xMin: $0.xMin + x, yMin: $0.yMin + y, xMax: $0.xMax + x, yMax: $0.yMax + y) }
    }

    private func mappingBoxes(_ transform: (Box) -> Box) -> Detections {
        Detections(
            boxes: boxes.map(transform), classIDs: classIDs, classNames: classNames, confidences: confidences)
    }
}
