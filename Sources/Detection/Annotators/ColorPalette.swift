import Images

/// Colors to tell classes apart, used over again when there are more classes.
package struct ColorPalette: Sendable, Equatable {
    private let colors: [Color]

    /// Makes a palette of at least one color.
    package init(_ colors: [Color]) {
        precondition(!colors.isEmpty, "a palette has at least one color")
        self.colors = colors
    }

    /// The default palette of supervision, so that a class has the color that its users know.
    package static let standard = ColorPalette(
        [
            0xA351FB, 0xFF4040, 0xFFA1A0, 0xFF7633, 0xFFB633, 0xD1D435, 0x4CFB12, 0x94CF1A, 0x40DE8A, 0x1B9640,
            0x00D6C1, 0x2E9CAA, 0x00C4FF, 0x364797, 0x6675FF, 0x0019EF, 0x863AFF, 0x530087, 0xCD3AFF, 0xFF97CA,
            0xFF39C9,
        ].map(Color.init(rgb:)))

    /// The color at a place, counted around.
    package subscript(place: Int) -> Color {
        let remainder = place % colors.count
        return colors[remainder < 0 ? remainder + colors.count : remainder]
    }

    /// A color for each object: by class id, or by the order of first mention where a name has no id.
    func colors(for detections: Detections) -> [Color] {
        var places: [String: Int] = [:]
        return (0..<detections.count).map { row in
            if let classID = detections.classIDs[row] { return self[classID] }
            let place = places[detections.classNames[row], default: places.count]
            places[detections.classNames[row]] = place
            return self[place]
        }
    }
}
