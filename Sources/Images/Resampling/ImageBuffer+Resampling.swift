import CImageCodecs

/// Which of the two passes of a resize comes first; each rounds to 8 bits, so the order shows in the last bit.
package enum ResamplingOrder: Sendable {
    /// Columns first where the height shrinks by more than twice what the width shrinks by, as Pillow 13 does.
    case adaptive
    /// Rows first always, as Pillow did before 12.
    case rowsFirst
}

extension ImageBuffer {
    /// The picture in another size, byte for byte what Pillow's `resize` gives; the sides need not keep their ratio.
    ///
    /// - Parameters:
    ///   - width: the new width in pixels, positive.
    ///   - height: the new height in pixels, positive.
    ///   - filter: how pixels are weighed.
    ///   - order: which pass comes first; matters in the last bit only.
    package func resized(
        width: Int, height: Int, filter: ResamplingFilter, order: ResamplingOrder = .adaptive
    ) -> ImageBuffer {
        precondition(width > 0 && height > 0, "a picture has at least one pixel")
        if width == self.width && height == self.height { return self }
        if filter == .nearest { return resizedToNearest(width: width, height: height) }
        let shrinksMostlyInHeight = height < self.height && self.height - height > 2 * (self.width - width)
        if order == .adaptive && shrinksMostlyInHeight {
            return resizedColumns(height: height, filter: filter).resizedRows(width: width, filter: filter)
        }
        return resizedRows(width: width, filter: filter).resizedColumns(height: height, filter: filter)
    }

    private func resizedRows(width: Int, filter: ResamplingFilter) -> ImageBuffer {
        if width == self.width { return self }
        let axis = ResamplingAxis(inputLength: self.width, outputLength: width, filter: filter)
        var scratch = [UInt8](repeating: 0, count: self.width * 3 + 1)
        let samples = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
            axis.withUnsafeAxis {
                cimage_resample_rows(pixels, height, self.width, $0, &scratch, buffer.baseAddress)
            }
            count = width * height * 3
        }
        return ImageBuffer(width: width, height: height, trusted: samples)
    }

    private func resizedColumns(height: Int, filter: ResamplingFilter) -> ImageBuffer {
        if height == self.height { return self }
        let axis = ResamplingAxis(inputLength: self.height, outputLength: height, filter: filter)
        let samples = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
            axis.withUnsafeAxis { cimage_resample_columns(pixels, width * 3, $0, buffer.baseAddress) }
            count = width * height * 3
        }
        return ImageBuffer(width: width, height: height, trusted: samples)
    }

    private func resizedToNearest(width: Int, height: Int) -> ImageBuffer {
        let columns = nearestPlaces(inputLength: self.width, outputLength: width)
        let rows = nearestPlaces(inputLength: self.height, outputLength: height)
        var samples: [UInt8] = []
        samples.reserveCapacity(width * height * 3)
        for row in rows {
            for column in columns {
                let at = (row * self.width + column) * 3
                samples += pixels[at..<at + 3]
            }
        }
        return ImageBuffer(width: width, height: height, trusted: samples)
    }
}

/// The input nearest to each output's center; the centers are summed up step by step, as Pillow rounds them.
private func nearestPlaces(inputLength: Int, outputLength: Int) -> [Int] {
    let step = Double(inputLength) / Double(outputLength)
    var center = step * 0.5
    return (0..<outputLength).map { _ in
        defer { center += step }
        return min(Int(center), inputLength - 1)
    }
}
