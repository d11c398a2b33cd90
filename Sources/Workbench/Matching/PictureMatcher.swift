import Images

/// Compares a recorded picture with the one that came now.
struct PictureMatcher {
    /// Why two pictures differ.
    enum Difference: Equatable {
        /// The sizes differ.
        case size(expected: String, found: String)
        /// A pixel differs, in a strict comparison.
        case pixels
        /// A tile differs by more than its limit; `x` and `y` count tiles from the top left.
        case tile(x: Int, y: Int, difference: Double, limit: Double)
        /// A recorded picture cannot be read.
        case unreadable(String)
    }

    /// Tiles are squares of this many pixels.
    static let tileSide = 16

    /// The tile whose mean absolute difference is greatest, in levels of 0 to 255 over all channels.
    static func worstTile(_ first: ImageBuffer, _ second: ImageBuffer) -> (x: Int, y: Int, difference: Double) {
        precondition(first.width == second.width && first.height == second.height, "pictures of one size")
        var worst = (x: 0, y: 0, difference: 0.0)
        for y in stride(from: 0, to: first.height, by: tileSide) {
            for x in stride(from: 0, to: first.width, by: tileSide) {
                let difference = meanDifference(first, second, left: x, top: y)
                if difference > worst.difference { worst = (x / tileSide, y / tileSide, difference) }
            }
        }
        return worst
    }

    private static func meanDifference(_ first: ImageBuffer, _ second: ImageBuffer, left: Int, top: Int) -> Double {
        let right = min(left + tileSide, first.width)
        let bottom = min(top + tileSide, first.height)
        var sum = 0
        for y in top..<bottom {
            let start = (y * first.width + left) * 3
            for index in start..<start + (right - left) * 3 {
                sum += abs(Int(first.pixels[index]) - Int(second.pixels[index]))
            }
        }
        return Double(sum) / Double((right - left) * (bottom - top) * 3)
    }

    /// Compares by size and tiles.
    static func difference(expected: ImageBuffer, found: ImageBuffer, limit: Double) -> Difference? {
        guard expected.width == found.width, expected.height == found.height else {
            return .size(
                expected: "\(expected.width)x\(expected.height)", found: "\(found.width)x\(found.height)")
        }
        let worst = worstTile(expected, found)
        guard worst.difference > limit else { return nil }
        return .tile(x: worst.x, y: worst.y, difference: worst.difference, limit: limit)
    }
}
