import Images

/// Red, green and blue, each 0 to 1.
typealias Ink = SIMD3<Float>

/// A picture under construction, in floating point.
struct Raster {
    let width, height: Int
    /// Row after row from the top left.
    var pixels: [Ink]

    /// Lines within a row of pixels at which outlines are sampled; along the line coverage is exact.
    private static let linesPerRow = 5

    init(width: Int, height: Int, fill: Ink) {
        self.width = width
        self.height = height
        pixels = Array(repeating: fill, count: width * height)
    }

    /// Paints the inside of an outline, with smooth edges.
    mutating func fill(_ path: VectorPath, _ ink: Ink, opacity: Float = 1) {
        let ys = path.polygons.joined().map(\.y)
        guard let top = ys.min(), let bottom = ys.max(), bottom > 0, top < Double(height) else { return }
        var coverage = [Float](repeating: 0, count: width)
        for row in max(Int(top), 0)...min(Int(bottom), height - 1) {
            for line in 0..<Self.linesPerRow {
                let y = Double(row) + (Double(line) + 0.5) / Double(Self.linesPerRow)
                addSpans(Self.crossings(of: path, at: y), to: &coverage)
            }
            for column in 0..<width where coverage[column] > 0 {
                let share = min(coverage[column] / Float(Self.linesPerRow), 1) * opacity
                pixels[row * width + column] += (ink - pixels[row * width + column]) * share
                coverage[column] = 0
            }
        }
    }

    /// The picture in 8 bits a channel; `dither` is added to each pixel in units of one step.
    func image(dither: (Int) -> Float = { _ in 0 }) throws(ImageError) -> ImageBuffer {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(pixels.count * 3)
        for (place, pixel) in pixels.enumerated() {
            let noise = dither(place)
            for channel in 0..<3 {
                bytes.append(UInt8(min(max(pixel[channel] * 255 + noise, 0), 255).rounded()))
            }
        }
        return try ImageBuffer(width: width, height: height, pixels: bytes)
    }
}

extension Raster {
    /// Where a horizontal line crosses the edges of an outline, from left to right.
    private static func crossings(of path: VectorPath, at y: Double) -> [Double] {
        var crossings: [Double] = []
        for polygon in path.polygons {
            guard var from = polygon.last else { continue }
            for to in polygon {
                if (from.y <= y) != (to.y <= y) {
                    crossings.append(from.x + (y - from.y) / (to.y - from.y) * (to.x - from.x))
                }
                from = to
            }
        }
        return crossings.sorted()
    }

    /// Adds the stretches between the first and second, third and fourth … crossing.
    private func addSpans(_ crossings: [Double], to coverage: inout [Float]) {
        for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
            let start = max(crossings[pair], 0)
            let end = min(crossings[pair + 1], Double(width))
            guard end > start else { continue }
            for column in Int(start)...min(Int(end), width - 1) {
                let left = max(start, Double(column))
                let right = min(end, Double(column + 1))
                if right > left { coverage[column] += Float(right - left) }
            }
        }
    }
}
