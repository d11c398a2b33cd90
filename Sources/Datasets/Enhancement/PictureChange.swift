import Detection
import Images

/// A change of a picture that says where its boxes go.
///
/// Only changes that take upright boxes to upright boxes: a label is as tight after it as before.
package enum PictureChange: Sendable, Equatable {
    /// Left and right exchanged.
    case mirror
    /// Top and bottom exchanged.
    case flip
    /// Clockwise quarters of a turn.
    case turn(quarters: Int)
    /// The part inside a rectangle of the picture, in pixels.
    case crop(PixelRegion)
    /// Margins in the picture's mean color, in pixels.
    case pad(left: Int, top: Int, right: Int, bottom: Int)
    /// Another size, by Pillow's bicubic filter.
    case resize(width: Int, height: Int)
    /// Pillow's enhancements; 1 leaves the picture as it is.
    case contrast(Double)
    case brightness(Double)
    case sharpness(Double)

    /// The size of a picture after the change.
    package func size(after size: PixelSize) -> PixelSize {
        switch self {
        case .mirror, .flip, .contrast, .brightness, .sharpness: size
        case .turn(let quarters): quarters % 2 == 0 ? size : PixelSize(width: size.height, height: size.width)
        case .crop(let region): PixelSize(width: region.width, height: region.height)
        case .pad(let left, let top, let right, let bottom):
            PixelSize(width: size.width + left + right, height: size.height + top + bottom)
        case .resize(let width, let height): PixelSize(width: width, height: height)
        }
    }

    /// The changed picture.
    package func applied(to image: ImageBuffer) throws(ImageError) -> ImageBuffer {
        switch self {
        case .mirror: image.flippedHorizontally()
        case .flip: image.flippedVertically()
        case .turn(let quarters): image.turned(quarters: quarters)
        case .crop(let region):
            try image.cropped(x: region.x, y: region.y, width: region.width, height: region.height)
        case .pad(let left, let top, let right, let bottom):
            image.padded(left: left, top: top, right: right, bottom: bottom, fill: image.meanColor)
        case .resize(let width, let height): image.resized(width: width, height: height, filter: .bicubic)
        case .contrast(let factor): image.withContrast(factor)
        case .brightness(let factor): image.withBrightness(factor)
        case .sharpness(let factor): image.withSharpness(factor)
        }
    }

    /// Where a box of a picture of `size` goes, in pixels; it may leave the changed picture.
    package func applied(to box: Box, in size: PixelSize) -> Box {
        let (width, height) = (Double(size.width), Double(size.height))
        switch self {
        case .contrast, .brightness, .sharpness: return box
        case .mirror: return Box(xMin: width - box.xMax, yMin: box.yMin, xMax: width - box.xMin, yMax: box.yMax)
        case .flip: return Box(xMin: box.xMin, yMin: height - box.yMax, xMax: box.xMax, yMax: height - box.yMin)
        case .turn(let quarters):
            switch ((quarters % 4) + 4) % 4 {
            case 1: return Box(xMin: height - box.yMax, yMin: box.xMin, xMax: height - box.yMin, yMax: box.xMax)
            case 2:
                return Box(
                    xMin: width - box.xMax, yMin: height - box.yMax, xMax: width - box.xMin, yMax: height - box.yMin)
            case 3: return Box(xMin: box.yMin, yMin: width - box.xMax, xMax: box.yMax, yMax: width - box.xMin)
            default: return box
            }
        case .crop(let region): return box.moved(x: -Double(region.x), y: -Double(region.y))
        case .pad(let left, let top, _, _): return box.moved(x: Double(left), y: Double(top))
        case .resize(let newWidth, let newHeight):
            let (x, y) = (Double(newWidth) / width, Double(newHeight) / height)
            return Box(xMin: box.xMin * x, yMin: box.yMin * y, xMax: box.xMax * x, yMax: box.yMax * y)
        }
    }
}

/// Several changes, one after the other.
package struct PictureChanges: Sendable, Equatable {
    package var steps: [PictureChange]

    /// A box stays if at least this share of it is still in the picture.
    package static let leastVisibleShare = 0.5

    /// Changes in the order in which they are made.
    package init(_ steps: [PictureChange]) { self.steps = steps }

    /// The changed picture.
    package func applied(to image: ImageBuffer) throws(ImageError) -> ImageBuffer {
        var image = image
        for step in steps { image = try step.applied(to: image) }
        return image
    }

    /// The objects of a picture of `size` after the changes: cut off at its edges after each, and left out where less than
    /// `leastVisibleShare` of them is left.
    package func applied(to detections: Detections, in size: PixelSize) -> Detections {
        var (boxes, size) = (detections.boxes, size)
        var visible = [Double](repeating: 1, count: boxes.count)
        for step in steps {
            let moved = boxes.map { step.applied(to: $0, in: size) }
            size = step.size(after: size)
            boxes = moved.map { $0.clipped(toWidth: Double(size.width), height: Double(size.height)) }
            for row in boxes.indices { visible[row] *= moved[row].area > 0 ? boxes[row].area / moved[row].area : 0 }
        }
        let kept = boxes.indices.filter { visible[$0] >= Self.leastVisibleShare }
        return Detections(
            boxes: boxes, classIDs: detections.classIDs, classNames: detections.classNames
        ).selecting(rows: kept)
    }
}

/// A picture's size in pixels.
package struct PixelSize: Sendable, Hashable {
    package var width: Int, height: Int

    /// A size.
    package init(width: Int, height: Int) { (self.width, self.height) = (width, height) }
}
