import Detection
import Testing

@Suite("Tiles cover a picture, and what several show comes out once")
struct TilingTests {
    @Test(
        "tiles of equal size cover every pixel and share what they should",
        arguments: [
            (1, 1, 0.0, 640, 480), (2, 2, 0.2, 640, 480), (3, 2, 0.5, 101, 99), (1, 4, 0.0, 10, 3), (2, 2, 0.2, 1, 1),
        ])
    func covering(_ rows: Int, _ columns: Int, _ overlap: Double, _ width: Int, _ height: Int) throws {
        let grid = try #require(TileGrid(rows: rows, columns: columns, overlap: overlap))
        let regions = grid.regions(width: width, height: height)
        #expect(regions.count == rows * columns)
        #expect(Set(regions.map { [$0.width, $0.height] }).count == 1)
        for region in regions {
            #expect(region.x >= 0 && region.y >= 0 && region.width > 0 && region.height > 0)
            #expect(region.x + region.width <= width && region.y + region.height <= height)
        }
        for x in 0..<width { #expect(regions.contains { $0.x <= x && x < $0.x + $0.width }) }
        for y in 0..<height { #expect(regions.contains { $0.y <= y && y < $0.y + $0.height }) }
        guard columns > 1, width > 50 else { return }
        let shared = Double(regions[0].width - regions[1].x) / Double(regions[0].width)
        #expect(abs(shared - overlap) < 0.02)
    }

    @Test("grids that make no sense are none")
    func refusals() {
        for (rows, columns, overlap) in [(0, 1, 0.2), (1, 17, 0.2), (2, 2, 0.9), (2, 2, -0.1), (2, 2, .nan)] {
            #expect(TileGrid(rows: rows, columns: columns, overlap: overlap) == nil)
        }
    }

    private static let left = PixelRegion(x: 0, y: 0, width: 60, height: 100)
    private static let right = PixelRegion(x: 40, y: 0, width: 60, height: 100)

    private func candidate(
        _ x: ClosedRange<Double>, _ confidence: Double, _ region: PixelRegion, name: String = "card"
    ) -> TileMerging.Candidate {
        .init(
            box: Box(xMin: x.lowerBound, yMin: 10, xMax: x.upperBound, yMax: 30), className: name,
            confidence: confidence, region: region)
    }

    private func kept(_ candidates: [TileMerging.Candidate], _ merging: TileMerging = TileMerging()) -> [Int] {
        merging.kept(candidates, width: 100, height: 100)
    }

    @Test("an object in the overlap comes out once, as the surer one")
    func duplicates() {
        let pair = [candidate(44...56, 0.6, Self.left), candidate(45...57, 0.9, Self.right)]
        #expect(kept(pair) == [1])
        #expect(kept(pair, TileMerging(rule: .nms)) == [1])
        #expect(kept([pair[0], candidate(45...57, 0.9, Self.right, name: "coin")]) == [0, 1])
    }

    @Test("what a tile's edge cut off goes with the whole, however sure it is")
    func cut() {
        let pair = [candidate(41...60, 0.99, Self.left), candidate(41...95, 0.5, Self.right)]
        #expect(kept(pair) == [1])
        // By intersection over union, 19 of 54 are not enough.
        #expect(kept(pair, TileMerging(rule: .nms)) == [0, 1])
    }

    @Test("a box at the picture's own edge is not cut; two in one tile are two")
    func edges() {
        let own = [candidate(0...30, 0.9, Self.left), candidate(0...29, 0.8, Self.left)]
        #expect(kept(own) == [0, 1])
        let outer = [
            candidate(70...100, 0.4, Self.right),
            candidate(72...100, 0.9, PixelRegion(x: 0, y: 0, width: 100, height: 100)),
        ]
        #expect(kept(outer) == [1])
        #expect(kept([]).isEmpty)
    }
}
