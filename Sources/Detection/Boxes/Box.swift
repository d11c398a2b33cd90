/// An axis-aligned rectangle in pixels, origin at the top left of the picture.
///
/// Corners are kept as they were said: a box whose corners cross (`xMax < xMin`) is possible and overlaps nothing.
package struct Box: Sendable, Hashable {
    /// The left edge, in pixels.
    package var xMin: Double
    /// The top edge, in pixels.
    package var yMin: Double
    /// The right edge, in pixels.
    package var xMax: Double
    /// The bottom edge, in pixels.
    package var yMax: Double

    /// Makes a box from its edges, in pixels.
    package init(xMin: Double, yMin: Double, xMax: Double, yMax: Double) {
        self.xMin = xMin
        self.yMin = yMin
        self.xMax = xMax
        self.yMax = yMax
    }

    /// The horizontal extent, in pixels; negative when the corners cross.
    package var width: Double { xMax - xMin }

    /// The vertical extent, in pixels; negative when the corners cross.
    package var height: Double { yMax - yMin }

    /// Width times height, in square pixels.
    package var area: Double { width * height }

    /// Whether every edge is a finite number.
    package var isFinite: Bool { xMin.isFinite && yMin.isFinite && xMax.isFinite && yMax.isFinite }

    /// The area that two boxes share, in square pixels; zero when they only touch.
    package func intersection(_ other: Box) -> Double {
        let sharedWidth = min(xMax, other.xMax) - max(xMin, other.xMin)
        let sharedHeight = min(yMax, other.yMax) - max(yMin, other.yMin)
        return max(sharedWidth, 0) * max(sharedHeight, 0)
    }

    /// Intersection over union, 0 to 1 for ordinary boxes; zero where the union has no area.
    package func iou(_ other: Box) -> Double {
        let shared = intersection(other)
        let union = area + other.area - shared
        return union == 0 ? 0 : shared / union
    }

    /// The part of the box inside a picture of the given size, in pixels.
    package func clipped(toWidth width: Double, height: Double) -> Box {
        Box(
            xMin: min(max(xMin, 0), width), yMin: min(max(yMin, 0), height),
            xMax: min(max(xMax, 0), width), yMax: min(max(yMax, 0), height))
    }
}
