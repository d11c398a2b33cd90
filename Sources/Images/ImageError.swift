/// Why a picture could not be read, made or written.
package enum ImageError: Error, Equatable, CustomStringConvertible {
    /// Nothing is at the path.
    case missing(file: String)
    /// The path is a folder, a device or a pipe.
    case notAFile(file: String, found: String)
    /// The system refused to read the file.
    case unreadable(file: String, reason: String)
    /// The system refused to write the file.
    case unwritable(file: String, reason: String)
    /// The file holds no byte.
    case empty(file: String)
    /// The first bytes are neither JPEG's nor PNG's; `looksLike` names another known format.
    case unknownFormat(file: String, looksLike: String?)
    /// The bytes end before the picture does.
    case truncated(file: String, format: ImageFormat, byteCount: Int)
    /// The bytes contradict themselves; `detail` is the decoder's word.
    case damaged(file: String, format: ImageFormat, detail: String)
    /// A kind of JPEG or PNG that is not read.
    case unsupported(file: String, format: ImageFormat, detail: String)
    /// The header states more pixels than are accepted.
    case tooManyPixels(file: String, width: Int, height: Int, limit: Int)
    /// The file is longer than is accepted.
    case tooManyBytes(file: String, byteCount: Int, limit: Int)
    /// A side is zero or negative.
    case badSize(width: Int, height: Int)
    /// The sample count is not `width * height * 3`.
    case wrongSampleCount(width: Int, height: Int, found: Int)
    /// A rectangle leaves the picture.
    case outside(rectangle: String, width: Int, height: Int)
    /// A grid has no cells, far too many, or fewer than pictures.
    case badGrid(rows: Int, columns: Int, images: Int)
    /// A color is not written as six or eight hexadecimal digits.
    case badColor(text: String)
    /// A picture cannot be written in a format.
    case notEncodable(format: ImageFormat, detail: String)
    /// Memory ran out.
    case noMemory(file: String)

    /// One sentence: what was found, what was expected, what to do.
    package var description: String {
        switch self {
        case .missing(let file): "\(file): no such file; check the path"
        case .notAFile(let file, let found): "\(file): this is \(found), expected a JPEG or PNG file; name a file"
        case .unreadable(let file, let reason): "\(file): cannot be read (\(reason)); check its permissions"
        case .unwritable(let file, let reason): "\(file): cannot be written (\(reason)); choose another place"
        case .empty(let file): "\(file): the file is empty, expected a JPEG or PNG picture; fetch it again"
        case .unknownFormat(let file, let looksLike):
            "\(file): \(looksLike.map { "this looks like \($0)" } ?? "this is no picture that is known here")"
                + ", expected JPEG or PNG; convert it first"
        case .truncated(let file, let format, let byteCount):
            "\(file): the \(format) picture is truncated, its \(byteCount) bytes end too early; fetch it again"
        case .damaged(let file, let format, let detail):
            "\(file): the \(format) picture is damaged (\(detail)); fetch it again"
        case .unsupported(let file, let format, let detail):
            "\(file): this kind of \(format) picture is not supported (\(detail)); save it as 8-bit RGB"
        case .tooManyPixels(let file, let width, let height, let limit):
            "\(file): the header states \(width)x\(height) pixels, at most \(limit) pixels are accepted; scale it down"
        case .tooManyBytes(let file, let byteCount, let limit):
            "\(file): the file has \(byteCount) bytes, at most \(limit) are accepted; scale the picture down"
        case .badSize(let width, let height):
            "a picture cannot be \(width)x\(height) pixels; both sides must be at least 1"
        case .wrongSampleCount(let width, let height, let found):
            "\(found) samples do not make a \(width)x\(height) RGB picture; three for each pixel are needed"
        case .outside(let rectangle, let width, let height):
            "the rectangle \(rectangle) leaves the \(width)x\(height) picture; choose one inside it"
        case .badGrid(let rows, let columns, let images):
            "a grid of \(rows)x\(columns) cells cannot show \(images) pictures; change its rows and columns (1 to 1000)"
        case .badColor(let text):
            "\"\(text)\" is no color; write six hexadecimal digits such as #ff8800, or eight with alpha"
        case .notEncodable(let format, let detail): "the picture cannot be written as \(format) (\(detail))"
        case .noMemory(let file): "\(file): memory ran out; use a smaller picture"
        }
    }
}
