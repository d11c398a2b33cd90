import CSystem

/// A picture: RGB pixels of 8 bits a channel, row after row from the top left, without padding.
package struct ImageBuffer: Sendable, Equatable {
    /// Columns of pixels, at least 1.
    package let width: Int

    /// Rows of pixels, at least 1.
    package let height: Int

    /// The samples, `[height, width, 3]`.
    package var pixels: [UInt8] {
        didSet { precondition(pixels.count == width * height * 3, "a picture keeps its size") }
    }

    /// Makes a picture of given samples, `[height, width, 3]`.
    package init(width: Int, height: Int, pixels: [UInt8]) throws(ImageError) {
        guard width > 0, height > 0 else { throw .badSize(width: width, height: height) }
        let (pixelCount, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels.count % 3 == 0, pixels.count / 3 == pixelCount else {
            throw .wrongSampleCount(width: width, height: height, found: pixels.count)
        }
        self.init(width: width, height: height, trusted: pixels)
    }

    /// Makes a picture of one color; the size must be positive.
    package init(width: Int, height: Int, fill: Color) {
        precondition(width > 0 && height > 0, "a picture has at least one pixel")
        let channels = [fill.red, fill.green, fill.blue]
        let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
            for i in buffer.indices.prefix(width * height * 3) { buffer.initializeElement(at: i, to: channels[i % 3]) }
            count = width * height * 3
        }
        self.init(width: width, height: height, trusted: pixels)
    }

    /// Makes a picture whose sample count the caller has seen to.
    init(width: Int, height: Int, trusted pixels: [UInt8]) {
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// The color at a place inside the picture.
    package subscript(x: Int, y: Int) -> Color {
        precondition(x >= 0 && x < width && y >= 0 && y < height, "the place lies in the picture")
        let at = (y * width + x) * 3
        return Color(red: pixels[at], green: pixels[at + 1], blue: pixels[at + 2])
    }

    /// SHA-256, in hexadecimal, over width and height (little-endian 32-bit numbers) and the samples.
    package var pixelDigest: String {
        let size = [UInt32(width), UInt32(height)].flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
        var digest = csystem_sha256()
        csystem_sha256_begin(&digest)
        csystem_sha256_add(&digest, size, size.count)
        csystem_sha256_add(&digest, pixels, pixels.count)
        var digits = [UInt8](repeating: 0, count: 65)
        digits.withUnsafeMutableBytes { csystem_sha256_end(&digest, $0.bindMemory(to: CChar.self).baseAddress) }
        return String(decoding: digits.dropLast(), as: UTF8.self)
    }
}
