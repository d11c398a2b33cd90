import Checkpoints
import Console
import Images
import JSON
import Models
import Tensors

/// `image pixels`: pictures as the model takes them.
struct ImagePixelsCommand: Command {
    static let name = "image pixels"
    static let summary =
        "write a picture's pixel_values, as the reference's processor makes them, to a safetensors file"
    static let discussion = """
        Bicubic resizing to a square, then normalization to -1...1: float32 [1, 3, SIZE, SIZE] under the name pixel_values. A
        line of --lines is a path, or an object with "image"; its tensor is called pixel_values/0 for the first line,
        pixel_values/1 for the next, and so on.
        """
    static let examples = [
        "image pixels samples/cards/test_000.jpg --size 224 --out /tmp/palinote-pixels.safetensors",
        "image pixels --lines images.jsonl --size 448 --out pixels.safetensors --exif apply",
    ]

    @Argument("the picture", completion: .file(extensions: ["jpg", "jpeg", "png"])) var image: Path?
    @Option("a file with a picture's path on each line, as JSON", completion: .file(extensions: ["jsonl"])) var lines:
        Path?
    @Option("the side of the square", unit: "pixels", in: 1...4096) var size = 448
    @Option("whether the orientation that a camera stored is applied") var exif = ExifChoice.ignore
    @Option("the file to write") var out: Path

    mutating func run(_ context: CommandContext) throws {
        var pictures: [Picture] = []
        switch (image, lines) {
        case (let image?, nil):
            let path = context.resolveSample(image)
            let exif = exif.value
            pictures.append(Picture(name: "pixel_values") { try ImageBuffer(contentsOf: path, exif: exif) })
        case (nil, let lines?):
            try ToolLines(lines, context).forEach(context) { line in
                _ = try line.text("image")
                let exif = exif
                pictures.append(
                    Picture(name: "pixel_values/\(pictures.count)") { try line.picture(context, exif: exif) })
            }
        default: throw Failure.oneOf("a picture, or --lines", in: Self.name)
        }
        try write(pictures, context)
        context.say(
            "\(pictures.count.counting("picture")) of \(size)x\(size) pixels in \(.path(out.text))")
    }

    /// A tensor's name, and how to get at its picture when its turn comes.
    private struct Picture {
        let name: String
        let load: () throws -> ImageBuffer
    }

    /// Pictures are decoded one by one as the file grows.
    private func write(_ pictures: [Picture], _ context: CommandContext) throws {
        let settings = PixelSettings(imageSize: size)
        let start = context.now()
        var done = 0
        var cause: (any Error)?
        let sources = pictures.map { picture in
            TensorSource(name: picture.name, elementType: .float32, shape: [1, 3, size, size]) { sink in
                do {
                    try context.interrupt.check()
                    try settings.values(of: picture.load()).withUnsafeBytes { try sink($0) }
                } catch {
                    cause = error
                    throw error
                }
                done += 1
                context.report(
                    Progress(
                        label: "pixels", completed: done, total: pictures.count, elapsed: context.now() - start,
                        isFinished: done == pictures.count))
            }
        }
        do {
            try SafetensorsWriter.write(sources, to: context.resolveOutput(out))
        } catch {
            throw cause ?? error
        }
    }
}
