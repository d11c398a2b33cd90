import CImageCodecs

extension ImageBuffer {
    /// The picture as a PNG file without text or time: the same pixels give the same bytes.
    package func pngBytes() throws(ImageError) -> [UInt8] {
        try encoded(as: .png) { size, bytes, count, reason in
            cimage_png_encode(pixels, size, bytes, count, reason)
        }
    }

    /// The picture as a baseline JPEG file with 4:2:0 chroma, as Pillow writes it by default.
    ///
    /// - Parameter quality: 1 (small) to 100 (faithful); other numbers are brought into that range.
    package func jpegBytes(quality: Int) throws(ImageError) -> [UInt8] {
        let quality = Int32(min(max(quality, 1), 100))
        return try encoded(as: .jpeg) { size, bytes, count, reason in
            cimage_jpeg_encode(pixels, size, quality, bytes, count, reason)
        }
    }

    /// Writes a PNG file under a temporary name, then renames it, so that no reader meets half a picture.
    package func write(toPNG path: String) throws(ImageError) {
        try writeImageFile(pngBytes(), to: path)
    }

    /// Writes a JPEG file under a temporary name, then renames it; `quality` is 1 to 100.
    package func write(toJPEG path: String, quality: Int) throws(ImageError) {
        try writeImageFile(jpegBytes(quality: quality), to: path)
    }

    private typealias Encoder = (
        cimage_size, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, UnsafeMutablePointer<Int>,
        UnsafeMutablePointer<cimage_reason>
    ) -> cimage_status

    private func encoded(as format: ImageFormat, by encode: Encoder) throws(ImageError) -> [UInt8] {
        let size = cimage_size(width: UInt32(width), height: UInt32(height))
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        var reason = cimage_reason()
        let status = encode(size, &bytes, &count, &reason)
        defer { cimage_free(bytes) }
        guard status == cimage_ok else { throw .notEncodable(format: format, detail: reason.sentence) }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }
}
