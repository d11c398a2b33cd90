import Images

/// Draws the outline of each object's box.
package struct BoxAnnotator: Sendable {
    private let style: AnnotatorStyle

    /// Makes an annotator.
    package init(style: AnnotatorStyle = AnnotatorStyle()) {
        self.style = style
    }

    /// Draws boxes on a canvas; boxes that are no numbers are left out.
    package func annotate(_ canvas: Canvas, with detections: Detections) {
        for (box, color) in zip(detections.boxes, style.palette.colors(for: detections)) {
            guard let corners = PixelCorners(box, on: canvas) else { continue }
            // A line of odd width is sharp about a pixel's middle, one of even width about its edge.
            let shift = style.thickness % 2 == 0 ? 0 : 0.5
            canvas.strokeRectangle(
                x: corners.left + shift, y: corners.top + shift, width: corners.right - corners.left,
                height: corners.bottom - corners.top, color: color, lineWidth: Double(style.thickness))
        }
    }
}

/// A box's edges in whole pixels, in order.
struct PixelCorners {
    let left, top, right, bottom: Double

    /// Drops fractions, as supervision does; nil for a box that is no number.
    init?(_ box: Box, on canvas: Canvas) {
        guard box.isFinite else { return nil }
        // Far outside one place is as good as another; drawing libraries count in small numbers.
        func edge(_ value: Double, _ extent: Int) -> Double {
            min(max(value, -Double(extent)), 2 * Double(extent)).rounded(.towardZero)
        }
        let xs = [edge(box.xMin, canvas.width), edge(box.xMax, canvas.width)]
        let ys = [edge(box.yMin, canvas.height), edge(box.yMax, canvas.height)]
        (left, right) = (min(xs[0], xs[1]), max(xs[0], xs[1]))
        (top, bottom) = (min(ys[0], ys[1]), max(ys[0], ys[1]))
    }
}
