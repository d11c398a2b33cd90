import CImageCodecs

/// How samples of 8 bits become the numbers that a vision model takes: `(x * rescaleFactor - mean) / deviation`.
package struct PixelNormalization: Sendable, Equatable {
    /// Subtracted, for red, green and blue.
    package var mean: [Double]
    /// Divided by, for red, green and blue.
    package var standardDeviation: [Double]
    /// Brings 0...255 to the range of `mean`.
    package var rescaleFactor: Double

    /// Makes a normalization of three means and three deviations.
    package init(mean: [Double], standardDeviation: [Double], rescaleFactor: Double = 1 / 255) {
        precondition(mean.count == 3 && standardDeviation.count == 3, "one number for each of red, green and blue")
        self.mean = mean
        self.standardDeviation = standardDeviation
        self.rescaleFactor = rescaleFactor
    }

    /// SigLIP's: samples to -1...1.
    package static let siglip = PixelNormalization(mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5])

    /// The result for each sample value of each channel, `[3, 256]`.
    ///
    /// Rounded as `SiglipImageProcessor` does: the product in float64, then to float32, then difference and quotient in
    /// float32.
    package var table: [Float] {
        (0..<3).flatMap { channel in
            (0..<256).map { value in
                (Float(Double(value) * rescaleFactor) - Float(mean[channel])) / Float(standardDeviation[channel])
            }
        }
    }
}

/// A picture as a vision model takes it: resized to a square without keeping the ratio, normalized, channels first.
///
/// - Parameters:
///   - image: a picture of any size.
///   - size: the side of the square, in pixels.
///   - normalization: from sample values to model values.
///   - filter: how the picture is resized.
/// - Returns: `[3, size, size]`, equal to the `pixel_values` of transformers' `SiglipImageProcessor` bit for bit.
package func pixelValues(
    of image: ImageBuffer, size: Int, normalization: PixelNormalization = .siglip, filter: ResamplingFilter = .bicubic
) -> [Float] {
    let resized = image.resized(width: size, height: size, filter: filter)
    let table = normalization.table
    return [Float](unsafeUninitializedCapacity: 3 * size * size) { buffer, count in
        cimage_planes(resized.pixels, size * size, table, buffer.baseAddress)
        count = 3 * size * size
    }
}
