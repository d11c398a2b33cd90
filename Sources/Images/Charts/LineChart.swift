/// Curves over a common pair of axes: losses, learning rates, precision over recall.
package struct LineChart: Sendable {
    /// One curve.
    package struct Series: Sendable {
        /// The name in the legend.
        package var name: String
        /// Places in the order of drawing; one that is not finite leaves a gap.
        package var points: [Canvas.Point]
        /// Its color; nil takes the next of the chart's own.
        package var color: Color?

        /// Makes a curve.
        package init(name: String, points: [Canvas.Point], color: Color? = nil) {
            self.name = name
            self.points = points
            self.color = color
        }
    }

    /// Above the chart.
    package var title: String
    /// Below the horizontal axis.
    package var xLabel: String
    /// Beside the vertical axis.
    package var yLabel: String
    /// The curves, back to front.
    package var series: [Series]
    /// The horizontal axis, exactly; nil lets the points decide.
    package var xRange: ClosedRange<Double>?
    /// The vertical axis, exactly; nil lets the points decide.
    package var yRange: ClosedRange<Double>?

    /// Makes a chart.
    package init(
        title: String, xLabel: String, yLabel: String, series: [Series], xRange: ClosedRange<Double>? = nil,
        yRange: ClosedRange<Double>? = nil
    ) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.series = series
        self.xRange = xRange
        self.yRange = yRange
    }

    /// Draws the chart; sizes in pixels are brought into 160 to 8000 by 120 to 8000.
    package func makeImage(width: Int = 800, height: Int = 500) -> ImageBuffer {
        let canvas = Canvas(
            width: min(max(width, 160), 8000), height: min(max(height, 120), 8000), background: ChartStyle.paper)
        LineChartDrawing(chart: self, canvas: canvas).draw()
        return canvas.makeImage()
    }

    /// The places that can be drawn, of all curves.
    var finitePoints: [Canvas.Point] {
        series.flatMap(\.points).filter(\.isFinite)
    }
}

extension Canvas.Point {
    var isFinite: Bool { x.isFinite && y.isFinite }
}

/// One drawing of a chart: where things go, then the things.
private struct LineChartDrawing {
    let chart: LineChart
    let canvas: Canvas
    let xTicks: AxisTicks
    let yTicks: AxisTicks
    let (left, right, top, bottom): (Double, Double, Double, Double)

    init(chart: LineChart, canvas: Canvas) {
        self.chart = chart
        self.canvas = canvas
        let points = chart.finitePoints
        top = chart.title.isEmpty ? 20 : 52
        bottom = Double(canvas.height) - (chart.xLabel.isEmpty ? 34 : 58)
        yTicks = Self.ticks(points.map(\.y), fixed: chart.yRange, wanted: Int((bottom - top) / 55))
        let widestLabel = yTicks.labels.map { canvas.measureText($0, size: ChartStyle.tickSize).width }.max() ?? 0
        left = 16 + widestLabel + 8 + (chart.yLabel.isEmpty ? 0 : 26)
        right = Double(canvas.width) - 24
        xTicks = Self.ticks(points.map(\.x), fixed: chart.xRange, wanted: Int((right - left) / 80), fits: true)
    }

    /// `fits` keeps the axis to the points instead of growing it to whole steps.
    private static func ticks(
        _ numbers: [Double], fixed: ClosedRange<Double>?, wanted: Int, fits: Bool = false
    ) -> AxisTicks {
        let own = (numbers.min() ?? 0)...(numbers.max() ?? 1)
        let areWhole = fits && numbers.allSatisfy { $0 == $0.rounded() }
        return AxisTicks(
            fixed ?? own, wanted: max(wanted, 2), isFixed: fixed != nil || fits,
            wholeNumbers: areWhole && fixed == nil && own.lowerBound < own.upperBound)
    }

    func draw() {
        drawGrid()
        drawLabels()
        canvas.withClip(x: left - 5, y: top - 5, width: right - left + 10, height: bottom - top + 10) {
            for index in chart.series.indices { drawCurve(index) }
        }
        drawLegend()
        if chart.finitePoints.isEmpty {
            canvas.drawText(
                "no data", x: (left + right) / 2, y: (top + bottom) / 2, size: ChartStyle.labelSize,
                color: ChartStyle.quietInk, anchor: .center)
        }
    }

    private func place(_ point: Canvas.Point) -> Canvas.Point {
        let across = (point.x - xTicks.range.lowerBound) / (xTicks.range.upperBound - xTicks.range.lowerBound)
        let up = (point.y - yTicks.range.lowerBound) / (yTicks.range.upperBound - yTicks.range.lowerBound)
        return Canvas.Point(x: left + across * (right - left), y: bottom - up * (bottom - top))
    }

    private func drawGrid() {
        for (value, label) in zip(yTicks.values, yTicks.labels) {
            // Half a pixel down, so that a line of one pixel covers one row.
            let y = place(Canvas.Point(x: 0, y: value)).y.rounded() + 0.5
            canvas.strokeLine(x1: left, y1: y, x2: right, y2: y, color: ChartStyle.grid, lineWidth: 1)
            canvas.drawText(
                label, x: left - 8, y: y, size: ChartStyle.tickSize, color: ChartStyle.quietInk, anchor: .trailing)
        }
        for (value, label) in zip(xTicks.values, xTicks.labels) {
            let x = place(Canvas.Point(x: value, y: 0)).x.rounded() + 0.5
            canvas.strokeLine(x1: x, y1: top, x2: x, y2: bottom, color: ChartStyle.grid, lineWidth: 1)
            canvas.drawText(
                label, x: x, y: bottom + 8, size: ChartStyle.tickSize, color: ChartStyle.quietInk, anchor: .top)
        }
        let (x, y) = (left.rounded() + 0.5, bottom.rounded() + 0.5)
        canvas.strokeLine(x1: x, y1: top, x2: x, y2: y, color: ChartStyle.line, lineWidth: 1)
        canvas.strokeLine(x1: x, y1: y, x2: right, y2: y, color: ChartStyle.line, lineWidth: 1)
    }

    private func drawLabels() {
        canvas.drawText(
            chart.title, x: (left + right) / 2, y: 16, size: ChartStyle.titleSize, color: ChartStyle.ink, weight: .bold,
            anchor: .top, widest: Double(canvas.width) - 24)
        canvas.drawText(
            chart.xLabel, x: (left + right) / 2, y: Double(canvas.height) - 10, size: ChartStyle.labelSize,
            color: ChartStyle.quietInk, anchor: .bottom, widest: right - left)
        canvas.drawText(
            chart.yLabel, x: 20, y: (top + bottom) / 2, size: ChartStyle.labelSize, color: ChartStyle.quietInk,
            anchor: .center, rotation: -Double.pi / 2, widest: bottom - top)
    }

    private func color(of index: Int) -> Color {
        chart.series[index].color ?? ChartStyle.seriesColors[index % ChartStyle.seriesColors.count]
    }

    private func drawCurve(_ index: Int) {
        let runs = chart.series[index].points.split { !$0.isFinite }
        let isSparse = chart.series[index].points.count <= 20
        for run in runs {
            let places = run.map(place)
            canvas.strokePolyline(places, color: color(of: index), lineWidth: 2)
            if isSparse || places.count == 1 {
                for at in places { canvas.fillCircle(x: at.x, y: at.y, radius: 3.5, color: color(of: index)) }
            }
        }
    }

    /// In the corner of the chart that the fewest points lie in.
    private func drawLegend() {
        let names = chart.series.map(\.name)
        guard names.contains(where: { !$0.isEmpty }) else { return }
        let rowHeight = 20.0
        let widest = min((right - left) * 0.6, names.map { canvas.measureText($0, size: 13).width }.max() ?? 0)
        let (width, height) = (widest + 48, Double(names.count) * rowHeight + 10)
        let corner = emptiestCorner(width: width, height: height)
        canvas.fillRoundedRectangle(
            x: corner.x, y: corner.y, width: width, height: height, radius: 4,
            color: ChartStyle.paper.withAlpha(225))
        canvas.strokeRoundedRectangle(
            x: corner.x, y: corner.y, width: width, height: height, radius: 4, color: ChartStyle.grid, lineWidth: 1)
        for (index, name) in names.enumerated() {
            let y = corner.y + 5 + (Double(index) + 0.5) * rowHeight
            canvas.strokeLine(x1: corner.x + 10, y1: y, x2: corner.x + 32, y2: y, color: color(of: index), lineWidth: 3)
            canvas.drawText(
                name, x: corner.x + 40, y: y, size: 13, color: ChartStyle.ink, anchor: .leading,
                widest: max(widest, 1) + 1)
        }
    }

    private func emptiestCorner(width: Double, height: Double) -> Canvas.Point {
        let gap = 10.0
        let corners = [right - width - gap, left + gap].flatMap { x in
            [top + gap, bottom - height - gap].map { y in Canvas.Point(x: x, y: y) }
        }
        let places = chart.finitePoints.map(place)
        let covered = corners.map { corner in
            places.count {
                $0.x > corner.x - gap && $0.x < corner.x + width + gap && $0.y > corner.y - gap
                    && $0.y < corner.y + height + gap
            }
        }
        let best = covered.indices.min { (covered[$0], $0) < (covered[$1], $1) } ?? 0
        return corners[best]
    }
}
