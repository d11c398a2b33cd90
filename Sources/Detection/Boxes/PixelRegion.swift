/// A rectangle of whole pixels, from the top left of a picture.
package struct PixelRegion: Sendable, Hashable {
    package var x: Int, y: Int
    package var width: Int, height: Int

    /// A rectangle; sides are above zero.
    package init(x: Int, y: Int, width: Int, height: Int) {
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }
}

extension Box {
    /// The box elsewhere, moved by so many pixels.
    package func moved(x: Double, y: Double) -> Box {
        Box(xMin: xMin + x, yMin: yMin + y, xMax: xMax + x, yMax: yMax + y)
    }
}
