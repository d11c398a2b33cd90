import Images
import Workbench

/// Writes pictures as escape sequences; the same picture gives the same bytes.
enum TerminalPicture {
    /// Pixels that a column is taken to be wide: what most terminals' usual fonts have, at least.
    private static let pixelsOfColumn = 8

    /// Shows the picture in a file; one that cannot be read is not shown: the line above it names the file.
    /// - Parameter columns: columns of the terminal.
    static func show(
        _ path: String, _ pictures: SessionSettings.Pictures, environment: [String: String], columns: Int
    ) -> String? {
        let way = pictures.way(in: environment)
        guard way != .off, let png = try? FileAccess.read(path),
            let image = try? ImageBuffer(decoding: png, name: path)
        else { return nil }
        return text(image, png: png, with: way, columns: columns)
    }

    /// The bytes that show a picture, ending in a newline; nil where nothing is to be shown.
    /// - Parameter columns: columns of the terminal; 0 where it does not say.
    static func text(_ image: ImageBuffer, png: [UInt8], with way: PictureProtocol, columns: Int) -> String? {
        let columns = columns > 0 ? columns : 80
        let isTooWide = image.width > columns * pixelsOfColumn
        switch way {
        case .kitty: return kitty(png, columns: isTooWide ? columns : nil)
        case .iterm:
            let width = isTooWide ? ";width=\(columns)" : ""
            return "\u{1B}]1337;File=inline=1;size=\(png.count)\(width):\(Base64.text(png))\u{7}\n"
        case .sixel: return Sixels.text(fitted(image, width: min(image.width, columns * pixelsOfColumn))) + "\n"
        case .blocks:
            return blocks(image, columns: columns) { color, code in "\(code);2;\(color.x);\(color.y);\(color.z)" }
        case .coarseBlocks:
            return blocks(image, columns: columns) { color, code in "\(code);5;\(XtermColor.nearest(color))" }
        case .off: return nil
        }
    }

    /// kitty takes a PNG in base64, in pieces of at most 4096 characters; `q=2` keeps it from answering.
    private static func kitty(_ png: [UInt8], columns: Int?) -> String {
        let text = Array(Base64.text(png))
        var result = ""
        for start in stride(from: 0, to: text.count, by: 4096) {
            let end = min(start + 4096, text.count)
            let more = end < text.count ? 1 : 0
            let first = "a=T,f=100,q=2," + (columns.map { "c=\($0)," } ?? "")
            result += "\u{1B}_G\(start == 0 ? first : "")m=\(more);\(String(text[start..<end]))\u{1B}\\"
        }
        return result + "\n"
    }

    /// Each character shows two pixels above each other: the upper as `▀`, the lower as its background.
    private static func blocks(
        _ image: ImageBuffer, columns: Int, code: (_ color: SIMD3<UInt8>, _ ground: Int) -> String
    ) -> String {
        let small = fitted(image, width: max(1, min(columns - 1, 80, image.width)))
        var result = ""
        for y in stride(from: 0, to: small.height, by: 2) {
            for x in 0..<small.width {
                let upper = color(small, x, y)
                let lower = color(small, x, min(y + 1, small.height - 1))
                result += "\u{1B}[\(code(upper, 38));\(code(lower, 48))m▀"
            }
            result += "\u{1B}[0m\n"
        }
        return result
    }

    private static func color(_ image: ImageBuffer, _ x: Int, _ y: Int) -> SIMD3<UInt8> {
        let at = (y * image.width + x) * 3
        return SIMD3(image.pixels[at], image.pixels[at + 1], image.pixels[at + 2])
    }

    /// The picture at a smaller width, each pixel the mean of those that fall into its place.
    private static func fitted(_ image: ImageBuffer, width: Int) -> ImageBuffer {
        guard width < image.width else { return image }
        let height = max(1, Int((Double(image.height) * Double(width) / Double(image.width)).rounded()))
        var small = ImageBuffer(width: width, height: height, fill: .white)
        for y in 0..<height {
            for x in 0..<width {
                let color = mean(image, x, y, width, height)
                for channel in 0..<3 { small.pixels[(y * width + x) * 3 + channel] = color[channel] }
            }
        }
        return small
    }

    /// The mean color of the pixels that fall into a place of a smaller picture.
    private static func mean(_ image: ImageBuffer, _ x: Int, _ y: Int, _ width: Int, _ height: Int) -> SIMD3<UInt8> {
        let left = x * image.width / width
        let right = max(left + 1, (x + 1) * image.width / width)
        let top = min(y * image.height / height, image.height - 1)
        let bottom = min(max(top + 1, (y + 1) * image.height / height), image.height)
        var sum = SIMD3<Int>()
        for row in top..<bottom {
            for column in left..<right { sum &+= SIMD3<Int>(truncatingIfNeeded: color(image, column, row)) }
        }
        return SIMD3<UInt8>(truncatingIfNeeded: sum / ((bottom - top) * (right - left)))
    }
}

/// The colors 16 to 255 of xterm: a cube of 6 levels a channel, and 24 grays.
enum XtermColor {
    private static let levels = [0, 95, 135, 175, 215, 255]

    /// The number of the nearest color, by the sum of squares.
    static func nearest(_ color: SIMD3<UInt8>) -> Int {
        let channels = [Int(color.x), Int(color.y), Int(color.z)]
        let places = channels.map { channel in
            levels.indices.min { abs(levels[$0] - channel) < abs(levels[$1] - channel) } ?? 0
        }
        let gray = min(23, max(0, (channels.reduce(0, +) / 3 - 3) / 10))
        let cubeDistance = zip(channels, places).reduce(0) { $0 + ($1.0 - levels[$1.1]) * ($1.0 - levels[$1.1]) }
        let grayDistance = channels.reduce(0) { $0 + ($1 - 8 - 10 * gray) * ($1 - 8 - 10 * gray) }
        return grayDistance < cubeDistance ? 232 + gray : 16 + 36 * places[0] + 6 * places[1] + places[2]
    }
}
