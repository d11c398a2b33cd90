import Images

/// At most 256 colors that stand for those of a picture, chosen by median cut; the same picture gives the same palette.
///
/// A picture of few colors keeps each of them. Others are counted in cells of 5 bits a channel, and boxes of cells are
/// halved at their median, the one with the most spread pixels first.
struct ColorPalette {
    /// Red, green and blue of each color.
    private(set) var colors: [SIMD3<UInt8>] = []
    /// The color of each pixel, row after row.
    private(set) var indices: [UInt8]

    /// The most colors of a palette.
    static let largestCount = 256

    /// Chooses the colors of a picture.
    init(of image: ImageBuffer) {
        indices = [UInt8](repeating: 0, count: image.width * image.height)
        if !takeExactColors(of: image) { takeCells(of: image) }
    }
}

extension ColorPalette {
    private static func color(_ image: ImageBuffer, _ pixel: Int) -> SIMD3<UInt8> {
        SIMD3(image.pixels[3 * pixel], image.pixels[3 * pixel + 1], image.pixels[3 * pixel + 2])
    }

    /// Takes every color as it is; false when there are too many.
    private mutating func takeExactColors(of image: ImageBuffer) -> Bool {
        var places: [SIMD3<UInt8>: UInt8] = [:]
        for pixel in indices.indices {
            let color = Self.color(image, pixel)
            if let place = places[color] {
                indices[pixel] = place
            } else {
                guard colors.count < Self.largestCount else {
                    colors = []
                    return false
                }
                indices[pixel] = UInt8(colors.count)
                places[color] = UInt8(colors.count)
                colors.append(color)
            }
        }
        return true
    }

    private mutating func takeCells(of image: ImageBuffer) {
        var cells = [ColorCell](repeating: ColorCell(), count: 1 << 15)
        for pixel in indices.indices {
            cells[ColorCell.place(of: Self.color(image, pixel))].add(Self.color(image, pixel))
        }
        var boxes = [ColorBox(places: cells.indices.filter { cells[$0].count > 0 }, cells)]
        while boxes.count < Self.largestCount,
            let widest = boxes.indices.max(by: { boxes[$0].spread < boxes[$1].spread }),
            let (lower, upper) = boxes[widest].halves(cells)
        {
            boxes[widest] = lower
            boxes.append(upper)
        }
        var colorOfCell = [UInt8](repeating: 0, count: cells.count)
        for (number, box) in boxes.enumerated() {
            colors.append(box.mean(cells))
            for place in box.places { colorOfCell[place] = UInt8(number) }
        }
        for pixel in indices.indices { indices[pixel] = colorOfCell[ColorCell.place(of: Self.color(image, pixel))] }
    }
}

/// The pixels whose colors share the upper 5 bits of each channel.
private struct ColorCell {
    var count = 0
    var sum = SIMD3<Int>()

    mutating func add(_ color: SIMD3<UInt8>) {
        count += 1
        sum &+= SIMD3<Int>(truncatingIfNeeded: color)
    }

    static func place(of color: SIMD3<UInt8>) -> Int {
        Int(color.x >> 3) << 10 | Int(color.y >> 3) << 5 | Int(color.z >> 3)
    }
}

/// Cells that share a color of the palette.
private struct ColorBox {
    let places: [Int]
    /// The channel with the widest range, by its shift in a cell's place.
    private let shift: Int
    /// Pixels times the widest range; 0 when there is nothing to halve.
    let spread: Int

    init(places: [Int], _ cells: [ColorCell]) {
        self.places = places
        let ranges = [10, 5, 0].map { shift in
            let values = places.map { $0 >> shift & 31 }
            return (shift: shift, range: (values.max() ?? 0) - (values.min() ?? 0))
        }
        let widest = ranges.reduce(ranges[0]) { $1.range > $0.range ? $1 : $0 }
        shift = widest.shift
        spread = widest.range * places.reduce(0) { $0 + cells[$1].count }
    }

    /// The box cut where half of its pixels are on either side; nil when it is one cell.
    func halves(_ cells: [ColorCell]) -> (ColorBox, ColorBox)? {
        guard spread > 0 else { return nil }
        let sorted = places.sorted { ($0 >> shift & 31, $0) < ($1 >> shift & 31, $1) }
        let half = places.reduce(0) { $0 + cells[$1].count } / 2
        var cut = 0
        var count = 0
        while cut < sorted.count - 1, cut == 0 || count + cells[sorted[cut]].count <= half {
            count += cells[sorted[cut]].count
            cut += 1
        }
        return (ColorBox(places: Array(sorted[..<cut]), cells), ColorBox(places: Array(sorted[cut...]), cells))
    }

    func mean(_ cells: [ColorCell]) -> SIMD3<UInt8> {
        let sum = places.reduce(SIMD3<Int>()) { $0 &+ cells[$1].sum }
        let count = max(1, places.reduce(0) { $0 + cells[$1].count })
        return SIMD3<UInt8>(truncatingIfNeeded: (sum &+ count / 2) / count)
    }
}
