/// How a picture is cut into overlapping tiles.
package struct TileGrid: Sendable, Hashable {
    package let rows: Int, columns: Int
    /// The share of a tile's side that its neighbour shows too.
    package let overlap: Double

    /// A grid; nil for none of at least one row and column, at most 16, or an overlap outside 0..<0.9.
    package init?(rows: Int, columns: Int, overlap: Double = 0.2) {
        guard (1...16).contains(rows), (1...16).contains(columns), (0..<0.9).contains(overlap) else { return nil }
        (self.rows, self.columns, self.overlap) = (rows, columns, overlap)
    }

    /// The tiles of a picture, row by row; together they cover it.
    package func regions(width: Int, height: Int) -> [PixelRegion] {
        let (across, down) = (spans(of: width, count: columns), spans(of: height, count: rows))
        return down.flatMap { y in
            across.map { x in PixelRegion(x: x.lowerBound, y: y.lowerBound, width: x.count, height: y.count) }
        }
    }

    /// `count` equal stretches of a side, the first and the last at its ends.
    private func spans(of side: Int, count: Int) -> [Range<Int>] {
        let length = Double(side) / (Double(count) - Double(count - 1) * overlap)
        let size = min(side, max(1, Int(length.rounded(.up))))
        return (0..<count).map { place in
            let start = count == 1 ? 0 : Int((Double(side - size) * Double(place) / Double(count - 1)).rounded())
            return start..<start + size
        }
    }
}
