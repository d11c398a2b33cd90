/// A picture's size as its file's header states it, read without decoding pixels.
package struct ImageHeader: Sendable, Equatable {
    /// Columns of pixels.
    package let width: Int
    /// Rows of pixels.
    package let height: Int

    /// Reads the header of a JPEG or PNG file; `name` is what errors about its content call it.
    package init(contentsOf path: String, name: String) throws(ImageError) {
        let bytes = try readImageFile(path)
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(ImageError) in try ImageHeader(of: raw, name: name) }
        }
        self = try result.get()
    }

    private init(of bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) {
        guard let format = ImageFormat(firstBytes: bytes) else {
            throw .unknownFormat(file: name, looksLike: ImageFormat.foreignName(firstBytes: bytes))
        }
        let size = try Decoder(format: format, bytes: bytes, name: name).statedSize()
        guard size.width > 0, size.height > 0 else { throw .damaged(file: name, format: format, detail: "no pixels") }
        (width, height) = (Int(size.width), Int(size.height))
    }
}
