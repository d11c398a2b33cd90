import CScenes
import Images

/// The shape of a glyph or symbol in several sizes, the largest first, trimmed to what is inked.
struct Mask: Sendable {
    private struct Level: Sendable {
        let width, height: Int
        let pixels: [UInt8]
    }

    /// Width over height.
    let aspect: Double
    private let levels: [Level]

    /// The height of the largest size, and of the smallest.
    private static let (largest, smallest) = (96, 12)

    /// Takes a picture of black on white; nil if nothing is black.
    init?(_ image: ImageBuffer) {
        let ink = Self.inkedPart(of: image)
        guard ink.right > ink.left, ink.bottom > ink.top,
            let trimmed = try? image.cropped(
                x: ink.left, y: ink.top, width: ink.right - ink.left + 1, height: ink.bottom - ink.top + 1)
        else { return nil }
        aspect = Double(trimmed.width) / Double(trimmed.height)
        var levels: [Level] = []
        var height = Self.largest
        while height >= Self.smallest {
            let width = max(Int((Double(height) * aspect).rounded()), 3)
            let scaled = trimmed.resized(width: width, height: height, filter: .box)
            levels.append(Level(width: width, height: height, pixels: Self.framed(scaled)))
            height /= 2
        }
        self.levels = levels
    }

    /// The first and last column and row that are not white.
    private static func inkedPart(of image: ImageBuffer) -> (left: Int, top: Int, right: Int, bottom: Int) {
        var (left, top, right, bottom) = (image.width, image.height, -1, -1)
        image.pixels.withUnsafeBufferPointer { pixels in
            for y in 0..<image.height {
                let row = y * image.width * 3
                var first = 0
                while first < image.width, pixels[row + 3 * first] >= 231 { first += 1 }
                guard first < image.width else { continue }
                var last = image.width - 1
                while pixels[row + 3 * last] >= 231 { last -= 1 }
                (left, right) = (min(left, first), max(right, last))
                (top, bottom) = (min(top, y), y)
            }
        }
        return (left, top, right, bottom)
    }

    /// The ink's share of each pixel, with an empty column and row at each side.
    private static func framed(_ image: ImageBuffer) -> [UInt8] {
        let width = image.width + 2
        var pixels = [UInt8](repeating: 0, count: width * (image.height + 2))
        for y in 0..<image.height {
            for x in 0..<image.width {
                pixels[(y + 1) * width + x + 1] = 255 - image.pixels[3 * (y * image.width + x)]
            }
        }
        return pixels
    }

    /// Lends the smallest size that is at least as high as what is drawn.
    func withView(height: Double, _ body: (cscenes_mask) -> Void) {
        let level = levels.last { Double($0.height) >= height * 0.9 } ?? levels[0]
        level.pixels.withUnsafeBufferPointer { buffer in
            body(
                cscenes_mask(
                    pixels: buffer.baseAddress, width: Int32(level.width + 2), height: Int32(level.height + 2)))
        }
    }
}
