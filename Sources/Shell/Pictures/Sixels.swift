import Images

/// Pictures as sixels: six rows of pixels a band, one bit a row and color.
///
/// - Source: DEC VT330/VT340 programmer reference manual, volume 2, chapter 14.
enum Sixels {
    /// The bytes that show a picture, of at most 256 colors.
    static func text(_ image: ImageBuffer) -> String {
        let palette = ColorPalette(of: image)
        var bytes = Array("\u{1B}P0;1;0q\"1;1;\(image.width);\(image.height)".utf8)
        for (number, color) in palette.colors.enumerated() {
            // Channels are percents.
            let parts = [color.x, color.y, color.z].map { String((Int($0) * 100 + 127) / 255) }
            bytes += Array("#\(number);2;\(parts.joined(separator: ";"))".utf8)
        }
        for top in stride(from: 0, to: image.height, by: 6) {
            appendBand(palette.indices, image.width, top..<min(top + 6, image.height), to: &bytes)
        }
        return String(decoding: bytes + Array("\u{1B}\\".utf8), as: UTF8.self)
    }

    /// Appends a band: each color that is in it, over the whole width, then a step back to the left.
    private static func appendBand(_ indices: [UInt8], _ width: Int, _ rows: Range<Int>, to bytes: inout [UInt8]) {
        var masks: [UInt8: [UInt8]] = [:]
        for (bit, row) in rows.enumerated() {
            for column in 0..<width {
                masks[indices[row * width + column], default: [UInt8](repeating: 0, count: width)][column] |= 1 << bit
            }
        }
        for (place, color) in masks.keys.sorted().enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: "$")) }
            bytes += Array("#\(color)".utf8)
            appendRuns(masks[color] ?? [], to: &bytes)
        }
        bytes.append(UInt8(ascii: "-"))
    }

    /// Appends sixels, runs of more than three as `!COUNT` and the sixel; empty ones at the end are left out.
    private static func appendRuns(_ masks: [UInt8], to bytes: inout [UInt8]) {
        let end = (masks.lastIndex { $0 != 0 } ?? -1) + 1
        var start = 0
        while start < end {
            let next = masks[start..<end].firstIndex { $0 != masks[start] } ?? end
            let sixel = 63 + masks[start]
            if next - start > 3 {
                bytes += Array("!\(next - start)".utf8) + [sixel]
            } else {
                bytes += [UInt8](repeating: sixel, count: next - start)
            }
            start = next
        }
    }
}
