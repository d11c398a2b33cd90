import Images

/// How thick lines and how large labels are, in pixels of the picture.
package struct AnnotatorStyle: Sendable, Equatable {
    /// The color of each class.
    package var palette: ColorPalette
    /// The width of a box's line.
    package var thickness: Int
    /// The font's size; at 15 a capital letter is 11 high, as supervision's text of scale 0.5 is.
    package var textSize: Double
    /// The space between a label's text and its edge.
    package var textPadding: Double

    /// Makes a style; the measures are supervision's own.
    package init(
        palette: ColorPalette = .standard, thickness: Int = 2, textSize: Double = 15, textPadding: Double = 10
    ) {
        self.palette = palette
        self.thickness = thickness
        self.textSize = textSize
        self.textPadding = textPadding
    }

    /// The style with every measure scaled to a picture's shorter side: as it is at 500 pixels, half at 250.
    ///
    /// Source: supervision's `calculate_optimal_text_scale`, a thousandth of the shorter side for a text scale of 0.5.
    package func scaled(toWidth width: Int, height: Int) -> AnnotatorStyle {
        let scale = max(Double(min(width, height)) / 500, 0.4)
        var scaled = self
        scaled.thickness = max(Int((Double(thickness) * scale).rounded()), 1)
        scaled.textSize = textSize * scale
        scaled.textPadding = (textPadding * scale).rounded()
        return scaled
    }
}
