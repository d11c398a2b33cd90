import Images

/// Writes each object's name on a plate at its box's upper left corner.
///
/// The plate stands on the box, as supervision's does. Where the picture has no room above, it hangs inside the box, and it
/// is moved left where it would leave the picture.
package struct LabelAnnotator: Sendable {
    private let style: AnnotatorStyle

    /// The height of a capital letter over the font's size.
    private static let capitalHeight = 0.73
    /// Plates lighter than this carry black letters, others white ones.
    private static let lightPlate = 0.7

    /// Makes an annotator.
    package init(style: AnnotatorStyle = AnnotatorStyle()) {
        self.style = style
    }

    /// Draws labels on a canvas: the given ones, or the class names; boxes that are no numbers are left out.
    package func annotate(_ canvas: Canvas, with detections: Detections, labels: [String]? = nil) {
        precondition(labels.map { $0.count == detections.count } ?? true, "each object needs one label")
        let labels = labels ?? detections.classNames
        for (row, color) in style.palette.colors(for: detections).enumerated() {
            guard let corners = PixelCorners(detections.boxes[row], on: canvas) else { continue }
            let plate = plate(for: labels[row], at: corners, on: canvas)
            canvas.fillRectangle(
                x: plate.left, y: plate.top, width: plate.right - plate.left, height: plate.bottom - plate.top,
                color: color)
            canvas.drawText(
                labels[row], x: plate.left + style.textPadding, y: (plate.top + plate.bottom) / 2,
                size: style.textSize, color: color.lightness > Self.lightPlate ? .black : .white, anchor: .leading)
        }
    }

    /// Where a label's plate lies, in whole pixels.
    func plate(for label: String, at corners: PixelCorners, on canvas: Canvas) -> PixelCorners {
        let text = canvas.measureText(label, size: style.textSize)
        let width = (text.width + 2 * style.textPadding).rounded(.up)
        let lines = Double(label.split(separator: "\n", omittingEmptySubsequences: false).count)
        let textHeight = lines > 1 ? text.height : Self.capitalHeight * style.textSize
        let height = (textHeight + 2 * style.textPadding).rounded(.up)
        let top = corners.top - height >= 0 ? corners.top - height : max(corners.top, 0)
        let left = max(min(corners.left, Double(canvas.width) - width), 0)
        return PixelCorners(left: left, top: top, right: left + width, bottom: top + height)
    }
}

extension PixelCorners {
    init(left: Double, top: Double, right: Double, bottom: Double) {
        (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
    }
}
