/// Changes of light and sharpness, byte for byte what Pillow's `ImageEnhance` gives.
extension ImageBuffer {
    /// The picture with every pixel further from its mean grey (`factor` above 1), or closer to it.
    ///
    /// - Source: Pillow's `ImageEnhance.Contrast`.
    package func withContrast(_ factor: Double) -> ImageBuffer {
        let grey = Int(meanLuma + 0.5)
        return blended(from: { _ in grey }, factor)
    }

    /// The picture brighter (`factor` above 1), or darker.
    ///
    /// - Source: Pillow's `ImageEnhance.Brightness`.
    package func withBrightness(_ factor: Double) -> ImageBuffer {
        blended(from: { _ in 0 }, factor)
    }

    /// The picture with edges drawn out (`factor` above 1), or smoothed.
    ///
    /// - Source: Pillow's `ImageEnhance.Sharpness`.
    package func withSharpness(_ factor: Double) -> ImageBuffer {
        let smooth = smoothed().pixels
        return blended(from: { Int(smooth[$0]) }, factor)
    }

    /// The mean of the picture's colors.
    package var meanColor: Color {
        var sums = SIMD3<Int>(0, 0, 0)
        for pixel in stride(from: 0, to: pixels.count, by: 3) {
            for channel in 0..<3 { sums[channel] += Int(pixels[pixel + channel]) }
        }
        let parts = (0..<3).map { UInt8((sums[$0] + width * height / 2) / (width * height)) }
        return Color(red: parts[0], green: parts[1], blue: parts[2])
    }

    /// The mean of Pillow's `L`: ITU-R 601 in 16-bit fixed point, rounded for each pixel.
    private var meanLuma: Double {
        var sum = 0
        for pixel in stride(from: 0, to: pixels.count, by: 3) {
            let (red, green, blue) = (Int(pixels[pixel]), Int(pixels[pixel + 1]), Int(pixels[pixel + 2]))
            sum += (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
        }
        return Double(sum) / Double(width * height)
    }

    /// `base + factor * (sample - base)` in float32, cut off as Pillow's `Image.blend` does.
    private func blended(from base: (Int) -> Int, _ factor: Double) -> ImageBuffer {
        let alpha = Float(factor)
        let samples = [UInt8](unsafeUninitializedCapacity: pixels.count) { buffer, count in
            for place in pixels.indices {
                let start = base(place)
                let value = Float(start) + alpha * Float(Int(pixels[place]) - start)
                buffer.initializeElement(at: place, to: value <= 0 ? 0 : value >= 255 ? 255 : UInt8(value))
            }
            count = pixels.count
        }
        return ImageBuffer(width: width, height: height, trusted: samples)
    }

    /// Pillow's `ImageFilter.SMOOTH`: a 3 x 3 mean whose middle counts five times; the outermost pixels stay.
    private func smoothed() -> ImageBuffer {
        guard width > 2, height > 2 else { return self }
        var samples = pixels
        let row = width * 3
        for y in 1..<height - 1 {
            for at in y * row + 3..<(y + 1) * row - 3 {
                var sum = 4 * Int(pixels[at])
                for line in [at - row, at, at + row] {
                    sum += Int(pixels[line - 3]) + Int(pixels[line]) + Int(pixels[line + 3])
                }
                samples[at] = UInt8(min((2 * sum + 13) / 26, 255))
            }
        }
        return ImageBuffer(width: width, height: height, trusted: samples)
    }
}

extension ImageBuffer {
    /// The mirror image, top and bottom exchanged.
    package func flippedVertically() -> ImageBuffer { oriented(4) }

    /// The picture turned clockwise by so many quarters.
    package func turned(quarters: Int) -> ImageBuffer {
        switch ((quarters % 4) + 4) % 4 {
        case 1: oriented(6)
        case 2: oriented(3)
        case 3: oriented(8)
        default: self
        }
    }

    /// The picture with margins of one color around it, in pixels from zero on.
    package func padded(left: Int, top: Int, right: Int, bottom: Int, fill: Color) -> ImageBuffer {
        precondition(min(left, top, right, bottom) >= 0, "margins are not below zero")
        var padded = ImageBuffer(width: width + left + right, height: height + top + bottom, fill: fill)
        var samples = padded.pixels
        for y in 0..<height {
            let target = ((y + top) * padded.width + left) * 3
            samples.replaceSubrange(target..<target + width * 3, with: pixels[y * width * 3..<(y + 1) * width * 3])
        }
        padded.pixels = samples
        return padded
    }
}
