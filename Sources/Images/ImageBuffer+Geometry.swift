extension ImageBuffer {
    /// The part inside a rectangle, in pixels from the top left; the rectangle must lie in the picture.
    package func cropped(x: Int, y: Int, width: Int, height: Int) throws(ImageError) -> ImageBuffer {
        let fits = x >= 0 && y >= 0 && width > 0 && height > 0 && x <= self.width - width && y <= self.height - height
        guard fits else {
            throw .outside(rectangle: "(\(x), \(y), \(width), \(height))", width: self.width, height: self.height)
        }
        var samples: [UInt8] = []
        samples.reserveCapacity(width * height * 3)
        for row in y..<y + height {
            let begin = (row * self.width + x) * 3
            samples += pixels[begin..<begin + width * 3]
        }
        return ImageBuffer(width: width, height: height, trusted: samples)
    }

    /// The mirror image, left and right exchanged.
    package func flippedHorizontally() -> ImageBuffer {
        rearranged(width: width, height: height) { x, y in (width - 1 - x, y) }
    }

    /// The picture upright, given the orientation (1 to 8) that its EXIF data states.
    func oriented(_ orientation: Int) -> ImageBuffer {
        let (right, bottom) = (width - 1, height - 1)
        return switch orientation {
        case 2: flippedHorizontally()
        case 3: rearranged(width: width, height: height) { x, y in (right - x, bottom - y) }
        case 4: rearranged(width: width, height: height) { x, y in (x, bottom - y) }
        case 5: rearranged(width: height, height: width) { x, y in (y, x) }
        case 6: rearranged(width: height, height: width) { x, y in (y, bottom - x) }
        case 7: rearranged(width: height, height: width) { x, y in (right - y, bottom - x) }
        case 8: rearranged(width: height, height: width) { x, y in (right - y, x) }
        default: self
        }
    }

    /// A picture whose pixel at (x, y) is this one's at `source(x, y)`.
    private func rearranged(width: Int, height: Int, source: (Int, Int) -> (x: Int, y: Int)) -> ImageBuffer {
        let samples = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
            var next = 0
            for y in 0..<height {
                for x in 0..<width {
                    let from = source(x, y)
                    let at = (from.y * self.width + from.x) * 3
                    for channel in 0..<3 { buffer.initializeElement(at: next + channel, to: pixels[at + channel]) }
                    next += 3
                }
            }
            count = next
        }
        return ImageBuffer(width: width, height: height, trusted: samples)
    }
}
