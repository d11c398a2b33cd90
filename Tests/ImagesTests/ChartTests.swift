import Testing

@testable import Images

@Suite("Charts")
struct ChartTests {
    @Test(
        "ticks are round numbers",
        arguments: [
            (0.0...4.5, 5, ["0", "1", "2", "3", "4", "5"]),
            (0.0...0.83, 5, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            (0.0...2e-5, 4, ["0", "5e-6", "1e-5", "1.5e-5", "2e-5"]),
            (-3.0...3.0, 3, ["-4", "-2", "0", "2", "4"]),
            (0.0...1.2e8, 3, ["0", "5e7", "1e8", "1.5e8"]),
            (100.0...130.0, 3, ["100", "110", "120", "130"]),
            (0.25...0.3, 3, ["0.24", "0.26", "0.28", "0.30"]),
        ])
    func roundTicks(bounds: ClosedRange<Double>, wanted: Int, labels: [String]) {
        #expect(AxisTicks(bounds, wanted: wanted).labels == labels)
    }

    @Test("equal bounds still make an axis", arguments: [0.0, 1, -7.5, 1e-30, 1e30])
    func equalBounds(value: Double) {
        let ticks = AxisTicks(value...value, wanted: 4)
        #expect(ticks.range.lowerBound < ticks.range.upperBound)
        #expect(!ticks.values.isEmpty)
        #expect(ticks.range.contains(value))
    }

    @Test("a fixed axis keeps its ends and shows whole numbers only where asked")
    func fixedAxis() {
        let ticks = AxisTicks(0...3, wanted: 10, isFixed: true, wholeNumbers: true)
        #expect(ticks.range == 0...3)
        #expect(ticks.labels == ["0", "1", "2", "3"])
    }

    @Test("a line chart draws its curves' colors, and none where there is no point")
    func lineChart() {
        let color = Color(rgb: 0x12ab34)
        let points = [Canvas.Point(x: 0, y: 0), Canvas.Point(x: 1, y: .nan), Canvas.Point(x: 2, y: 5)]
        let series = LineChart.Series(name: "", points: points, color: color)
        let full = LineChart(title: "t", xLabel: "x", yLabel: "y", series: [series]).makeImage(width: 300, height: 200)
        let empty = LineChart(
            title: "t", xLabel: "x", yLabel: "y", series: [.init(name: "", points: [points[1]], color: color)])
        #expect((full.width, full.height) == (300, 200))
        #expect(count(color, in: full) > 20)
        #expect(count(color, in: empty.makeImage(width: 300, height: 200)) == 0)
    }

    @Test(
        "numbers that are not finite, and extreme ones, end in a chart",
        arguments: [Double.infinity, -.infinity, 1e308, -1e308, 1e-300])
    func extremeNumbers(value: Double) {
        let points = [Canvas.Point(x: 0, y: value), Canvas.Point(x: value, y: -value), Canvas.Point(x: 1, y: 1)]
        let chart = LineChart(title: "", xLabel: "", yLabel: "", series: [.init(name: "a", points: points)])
        #expect(chart.makeImage(width: 200, height: 150).width == 200)
        let map = HeatMap(
            title: "", rowLabel: "", columnLabel: "", rowNames: ["a", "b"], columnNames: ["a"],
            values: [[value], [], [1, 2, 3]])
        #expect(map.makeImage().width > 0)
    }

    @Test("the largest number of a heat map has the darkest cell")
    func heatMap() {
        let map = HeatMap(
            title: "", rowLabel: "", columnLabel: "", rowNames: ["a", "b"], columnNames: ["a", "b"],
            values: [[9, 0], [0, 1]])
        let image = map.makeImage(cellSize: 40)
        #expect(count(ChartStyle.heat.high, in: image) > 800)
        #expect(count(ChartStyle.heat.low, in: image) > 1600)
    }

    @Test("a heat map of a thousand classes stays below 8000 pixels a side")
    func largeHeatMap() {
        let names = (0..<1000).map(String.init)
        let map = HeatMap(title: "", rowLabel: "", columnLabel: "", rowNames: names, columnNames: names, values: [])
        let image = map.makeImage(cellSize: 50)
        #expect(image.width < 8000 && image.height < 8000)
    }

    @Test("a grid keeps each picture's ratio and place")
    func imageGrid() throws {
        let (red, blue) = (Color(rgb: 0xff0000), Color(rgb: 0x0000ff))
        let images = [ImageBuffer(width: 20, height: 10, fill: red), ImageBuffer(width: 5, height: 10, fill: blue)]
        let image = try ImageGrid(images: images, rows: 1, columns: 2, cellWidth: 100, cellHeight: 100).makeImage()
        #expect((image.width, image.height) == (236, 124))
        #expect(count(red, in: image) == 100 * 50 && count(blue, in: image) == 50 * 100)
        #expect(image[12, 12 + 25] == red && image[12 + 112 + 25, 12] == blue)
    }

    @Test(
        "more pictures than cells, and a grid without cells, are errors",
        arguments: [(1, 1), (0, 3), (-2, -2), (2000, 1)])
    func badGrids(rows: Int, columns: Int) {
        let images = [ImageBuffer](repeating: ImageBuffer(width: 1, height: 1, fill: .black), count: 2)
        #expect(throws: ImageError.badGrid(rows: rows, columns: columns, images: 2)) {
            try ImageGrid(images: images, rows: rows, columns: columns).makeImage()
        }
    }

    private func count(_ color: Color, in image: ImageBuffer) -> Int {
        stride(from: 0, to: image.pixels.count, by: 3).count {
            image.pixels[$0] == color.red && image.pixels[$0 + 1] == color.green && image.pixels[$0 + 2] == color.blue
        }
    }
}
