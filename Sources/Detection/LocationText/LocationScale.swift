/// Turns locations into pixels and back.
package struct LocationScale: Sendable {
    /// Width of the picture, in pixels.
    package let width: Double
    /// Height of the picture, in pixels.
    package let height: Double
    /// How many locations span the picture.
    package let divisor: LocationTextOptions.Divisor

    /// A scale for a picture of this size, in pixels.
    package init(width: Double, height: Double, divisor: LocationTextOptions.Divisor) {
        (self.width, self.height, self.divisor) = (width, height, divisor)
    }

    /// The box of four locations (y min, x min, y max, x max), in pixels, neither clipped nor reordered.
    package func box(_ locations: [Int]) -> Box {
        let parts = locations.map { Double($0) / Double(divisor.rawValue) }
        return Box(
            xMin: parts[1] * width, yMin: parts[0] * height, xMax: parts[3] * width, yMax: parts[2] * height)
    }

    /// The box of four mean locations (y min, x min, y max, x max), in pixels.
    ///
    /// Where locations are counted by rounding down, a mean of locations lies half a location low.
    package func box(ofMeans means: [Double]) -> Box {
        let shift = divisor == .locations1024 ? 0.5 : 0
        let parts = means.map { ($0 + shift) / Double(divisor.rawValue) }
        return Box(xMin: parts[1] * width, yMin: parts[0] * height, xMax: parts[3] * width, yMax: parts[2] * height)
    }

    /// Four deviations in locations (y min, x min, y max, x max), in pixels.
    package func deviations(_ locations: [Double]) -> EdgeDeviations {
        let parts = locations.map { $0 / Double(divisor.rawValue) }
        return EdgeDeviations(
            xMin: parts[1] * width, yMin: parts[0] * height, xMax: parts[3] * width, yMax: parts[2] * height)
    }

    /// The four locations of a box (y min, x min, y max, x max), each clipped to 0…1023.
    func locations(_ box: Box) -> [Int] {
        [
            location(box.yMin, of: height), location(box.xMin, of: width),
            location(box.yMax, of: height), location(box.xMax, of: width),
        ]
    }

    private func location(_ coordinate: Double, of extent: Double) -> Int {
        let scaled = coordinate * Double(divisor.rawValue) / extent
        guard scaled.isFinite else { return 0 }
        let whole =
            switch divisor {
            case .locations1024: scaled.rounded(.down)
            case .locations1023: scaled.rounded()
            }
        return Int(min(max(whole, 0), Double(LocationText.locationCount - 1)))
    }
}
