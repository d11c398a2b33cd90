import Images
import Workbench

/// Writes pictures as escape sequences; the same picture gives the same bytes.
enum TerminalPicture {
    /// The bytes that show a picture, ending in a newline; nil where nothing is to be shown.
    /// - Parameter columns: columns of the terminal.
    static func text(_ image: ImageBuffer, png: [UInt8], with way: PictureProtocol, columns: Int) -> String? {
        switch way {
        case .kitty: kitty(png)
        case .iterm: "\u{1B}]1337;File=inline=1;size=\(png.count):\(Base64.text(png))\u{7}\n"
        case .blocks: blocks(image, columns: columns)
        case .off: nil
        }
    }

    /// kitty takes a PNG in base64, in pieces of at most 4096 characters.
    private static func kitty(_ png: [UInt8]) -> String {
        let text = Array(Base64.text(png))
        var result = ""
        for start in stride(from: 0, to: text.count, by: 4096) {
            let end = min(start + 4096, text.count)
            let more = end < text.count ? 1 : 0
            let keys = start == 0 ? "a=T,f=100,m=\(more)" : "m=\(more)"
            result += "\u{1B}_G\(keys);\(String(text[start..<end]))\u{1B}\\"
        }
        return result + "\n"
    }

    /// Each character shows two pixels above each other: the upper as `▀`, the lower as its background.
    private static func blocks(_ image: ImageBuffer, columns: Int) -> String {
        let width = max(1, min(columns - 1, 80, image.width))
        let height = max(2, Int((Double(image.height) * Double(width) / Double(image.width)).rounded()))
        var result = ""
        for y in stride(from: 0, to: height, by: 2) {
            for x in 0..<width {
                let upper = mean(image, x, y, width, height)
                let lower = mean(image, x, min(y + 1, height - 1), width, height)
                result += "\u{1B}[38;2;\(upper.0);\(upper.1);\(upper.2);48;2;\(lower.0);\(lower.1);\(lower.2)m▀"
            }
            result += "\u{1B}[0m\n"
        }
        return result
    }

    /// The mean color of the pixels that fall into a place of a smaller picture.
    private static func mean(_ image: ImageBuffer, _ x: Int, _ y: Int, _ width: Int, _ height: Int) -> (Int, Int, Int) {
        let left = x * image.width / width
        let right = max(left + 1, (x + 1) * image.width / width)
        let top = min(y * image.height / height, image.height - 1)
        let bottom = min(max(top + 1, (y + 1) * image.height / height), image.height)
        var sums = (0, 0, 0)
        for row in top..<bottom {
            for column in left..<right {
                let at = (row * image.width + column) * 3
                sums.0 += Int(image.pixels[at])
                sums.1 += Int(image.pixels[at + 1])
                sums.2 += Int(image.pixels[at + 2])
            }
        }
        let count = (bottom - top) * (right - left)
        return (sums.0 / count, sums.1 / count, sums.2 / count)
    }
}
