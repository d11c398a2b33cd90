import CImageCodecs

/// What to do with the orientation that a camera stored beside the pixels.
package enum ExifOrientation: Sendable {
    /// Keep the pixels as stored, as `PIL.Image.open` does.
    case ignore
    /// Turn the picture upright, as `PIL.ImageOps.exif_transpose` does.
    case apply
}

/// Bounds on what is decoded, looked at before any memory is taken.
package enum ImageLimits {
    /// Pixels above which Pillow calls a picture a decompression bomb: twice 2^30 / 4 / 3 (`MAX_IMAGE_PIXELS`).
    package static let pixelCount = 178_956_970

    /// Bytes of a file: far above what a picture of that many pixels takes.
    package static let byteCount = 1 << 30
}

extension ImageBuffer {
    /// Decodes a JPEG or PNG file's bytes into what `PIL.Image.open(file).convert("RGB")` gives.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - name: what errors call the file.
    ///   - exif: what to do with a stored orientation.
    package init(decoding bytes: [UInt8], name: String, exif: ExifOrientation = .ignore) throws(ImageError) {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(ImageError) in try ImageBuffer(decoding: raw, name: name, exif: exif) }
        }
        self = try result.get()
    }

    /// Decodes a JPEG or PNG file's bytes into what `PIL.Image.open(file).convert("RGB")` gives.
    package init(
        decoding bytes: UnsafeRawBufferPointer, name: String, exif: ExifOrientation = .ignore
    ) throws(ImageError) {
        guard !bytes.isEmpty else { throw .empty(file: name) }
        guard let format = ImageFormat(firstBytes: bytes) else {
            throw .unknownFormat(file: name, looksLike: ImageFormat.foreignName(firstBytes: bytes))
        }
        let decoder = Decoder(format: format, bytes: bytes, name: name)
        let stored = try decoder.decode()
        self = exif == .apply ? stored.oriented(storedOrientation(in: bytes, format: format)) : stored
    }

    /// Reads and decodes a JPEG or PNG file.
    package init(contentsOf path: String, exif: ExifOrientation = .ignore) throws(ImageError) {
        try self.init(decoding: readImageFile(path), name: path, exif: exif)
    }
}

/// One file on its way to pixels.
struct Decoder {
    let format: ImageFormat
    let bytes: UnsafeRawBufferPointer
    let name: String

    func decode() throws(ImageError) -> ImageBuffer {
        let size = try statedSize()
        let (width, height) = (Int(size.width), Int(size.height))
        guard width > 0, height > 0 else { throw .damaged(file: name, format: format, detail: "no pixels") }
        // Divided rather than multiplied: a PNG header can state two numbers of 32 bits, whose product overflows.
        guard width <= ImageLimits.pixelCount / height else {
            throw .tooManyPixels(file: name, width: width, height: height, limit: ImageLimits.pixelCount)
        }
        var reason = cimage_reason()
        var status = cimage_ok
        let decodePixels = format == .jpeg ? cimage_jpeg_decode : cimage_png_decode
        let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
            status = decodePixels(start, bytes.count, size, buffer.baseAddress, &reason)
            count = status == cimage_ok ? width * height * 3 : 0
        }
        try check(status, reason)
        return ImageBuffer(width: width, height: height, trusted: pixels)
    }

    func statedSize() throws(ImageError) -> cimage_size {
        var reason = cimage_reason()
        var size = cimage_size()
        let readSize = format == .jpeg ? cimage_jpeg_size : cimage_png_size
        try check(readSize(start, bytes.count, &size, &reason), reason)
        return size
    }

    private var start: UnsafePointer<UInt8>? {
        bytes.bindMemory(to: UInt8.self).baseAddress
    }

    private func check(_ status: cimage_status, _ reason: cimage_reason) throws(ImageError) {
        switch status {
        case cimage_ok: return
        case cimage_truncated: throw .truncated(file: name, format: format, byteCount: bytes.count)
        case cimage_unsupported: throw .unsupported(file: name, format: format, detail: reason.sentence)
        case cimage_no_memory: throw .noMemory(file: name)
        default: throw .damaged(file: name, format: format, detail: reason.sentence)
        }
    }
}

extension cimage_reason {
    /// The foreign library's words, or a plain one where it said nothing.
    var sentence: String {
        let words = withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return words.isEmpty ? "its parts do not agree" : words
    }
}
