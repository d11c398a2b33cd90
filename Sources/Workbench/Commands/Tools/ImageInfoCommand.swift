import Console
import Images
import JSON

/// `image info`: what a picture file holds.
struct ImageInfoCommand: Command {
    static let name = "image info"
    static let summary = "decode a picture and show its size and a digest of its pixels"
    static let discussion = """
        The digest is SHA-256 over width and height (32-bit little-endian) and the RGB bytes that
        `PIL.Image.open(file).convert("RGB")` has. With --exif apply the picture is turned upright first. A line of --lines is
        a path, or an object with "image"; the answer to each is {"image", "width", "height", "sha256"} on a line of its own.
        """
    static let examples = ["image info samples/cards/test_000.jpg", "image info --lines images.jsonl --exif apply"]

    @Argument("the picture", completion: .file(extensions: ["jpg", "jpeg", "png"])) var image: Path?
    @Option("a file with a picture's path on each line, as JSON", completion: .file(extensions: ["jsonl"])) var lines:
        Path?
    @Option("whether the orientation that a camera stored is applied") var exif = ExifChoice.ignore

    mutating func run(_ context: CommandContext) throws {
        switch (image, lines) {
        case (let image?, nil):
            let picture = try ImageBuffer(contentsOf: context.resolveSample(image), exif: exif.value)
            context.emit(
                .fields(
                    Fields([
                        ("image", "\(image.text)"), ("width", "\(picture.width)"), ("height", "\(picture.height)"),
                        ("sha256", "\(picture.pixelDigest)"),
                    ])))
        case (nil, let lines?):
            try ToolLines(lines, context).answer(context) { line in
                let name = try line.text("image")
                let picture = try line.picture(context, exif: exif)
                return [
                    "image": .string(name), "width": .integer(Int64(picture.width)),
                    "height": .integer(Int64(picture.height)), "sha256": .string(picture.pixelDigest),
                ]
            }
        default: throw Failure.oneOf("a picture, or --lines", in: Self.name)
        }
    }
}

extension ExifChoice {
    var value: ExifOrientation {
        switch self {
        case .ignore: .ignore
        case .apply: .apply
        }
    }
}

extension ToolLines.Line {
    /// The picture whose path the line holds; errors name line and picture.
    func picture(_ context: CommandContext, exif: ExifChoice) throws -> ImageBuffer {
        let path = context.resolveSample(Path(try text("image")))
        do throws(ImageError) {
            return try ImageBuffer(contentsOf: path, exif: exif.value)
        } catch {
            throw fault("\(error)")
        }
    }
}
