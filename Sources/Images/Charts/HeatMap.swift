/// A table of numbers, each cell as dark as its number is large: a confusion matrix.
package struct HeatMap: Sendable {
    /// Above the table.
    package var title: String
    /// What the rows stand for.
    package var rowLabel: String
    /// What the columns stand for.
    package var columnLabel: String
    /// A name for each row.
    package var rowNames: [String]
    /// A name for each column.
    package var columnNames: [String]
    /// The numbers, `[row, column]`; a missing or not finite one leaves its cell empty.
    package var values: [[Double]]
    /// Decimals in the cells.
    package var decimals: Int

    /// Makes a heat map.
    package init(
        title: String, rowLabel: String, columnLabel: String, rowNames: [String], columnNames: [String],
        values: [[Double]], decimals: Int = 0
    ) {
        self.title = title
        self.rowLabel = rowLabel
        self.columnLabel = columnLabel
        self.rowNames = rowNames
        self.columnNames = columnNames
        self.values = values
        self.decimals = decimals
    }

    /// Draws the table as large as its cells need.
    ///
    /// - Parameter cellSize: the side of a cell in pixels; nil chooses it by their count. Either way a large table gets
    ///   smaller cells, so that it stays below 8000 pixels.
    package func makeImage(cellSize: Int? = nil) -> ImageBuffer {
        let layout = HeatMapLayout(self, cellSize: cellSize)
        let canvas = Canvas(width: layout.width, height: layout.height, background: ChartStyle.paper)
        draw(on: canvas, layout)
        return canvas.makeImage()
    }
}

/// Where a heat map's parts go, in pixels.
private struct HeatMapLayout {
    let cell: Double
    let left: Double
    let top: Double
    let rowNameWidth: Double
    let columnNameWidth: Double
    let namesAreTurned: Bool
    let width: Int
    let height: Int

    init(_ map: HeatMap, cellSize: Int?) {
        // Measured on a canvas of its own: the real one's size is what is being found out.
        let probe = Canvas(width: 1, height: 1)
        let widest = { (names: [String]) in
            min(names.map { probe.measureText($0, size: ChartStyle.tickSize).width }.max() ?? 0, 220)
        }
        let count = max(map.rowNames.count, map.columnNames.count, 1)
        let wanted = cellSize ?? min(max(900 / count, 22), 64)
        cell = Double(max(min(wanted, 7400 / count), 1))
        rowNameWidth = widest(map.rowNames)
        columnNameWidth = widest(map.columnNames)
        namesAreTurned = columnNameWidth > cell - 8
        left = 52 + rowNameWidth
        top = map.title.isEmpty ? 16 : 52
        let titleWidth = probe.measureText(map.title, size: ChartStyle.titleSize, weight: .bold).width
        let tableWidth = left + Double(map.columnNames.count) * cell + 92
        let tableHeight = top + Double(map.rowNames.count) * cell + (namesAreTurned ? columnNameWidth : 14) + 52
        width = Int(min(max(tableWidth, min(titleWidth + 40, 1200)), 8000).rounded(.up))
        height = Int(min(max(tableHeight, 160), 8000).rounded(.up))
    }
}

extension HeatMap {
    private func draw(on canvas: Canvas, _ layout: HeatMapLayout) {
        canvas.drawText(
            title, x: Double(canvas.width) / 2, y: 16, size: ChartStyle.titleSize, color: ChartStyle.ink, weight: .bold,
            anchor: .top, widest: Double(canvas.width) - 20)
        for (row, numbers) in values.prefix(rowNames.count).enumerated() {
            for (column, value) in numbers.prefix(columnNames.count).enumerated() where value.isFinite {
                drawCell(value, row: row, column: column, on: canvas, layout)
            }
        }
        let (width, height) = (Double(columnNames.count) * layout.cell, Double(rowNames.count) * layout.cell)
        canvas.strokeRectangle(
            x: layout.left - 0.5, y: layout.top - 0.5, width: width + 1, height: height + 1, color: ChartStyle.line,
            lineWidth: 1)
        drawNames(on: canvas, layout, width: width, height: height)
        drawScale(on: canvas, x: layout.left + width + 24, y: layout.top, height: max(height, 60))
    }

    private func drawCell(_ value: Double, row: Int, column: Int, on canvas: Canvas, _ layout: HeatMapLayout) {
        let color = heatColor(value)
        let (x, y) = (layout.left + Double(column) * layout.cell, layout.top + Double(row) * layout.cell)
        canvas.fillRectangle(x: x, y: y, width: layout.cell, height: layout.cell, color: color)
        canvas.strokeRectangle(
            x: x, y: y, width: layout.cell, height: layout.cell, color: .white, lineWidth: 1)
        let text = value.fixedText(decimals: decimals)
        let full = canvas.measureText(text, size: 14)
        let size = min(14, 14 * (layout.cell - 6) / max(full.width, 1), layout.cell * 0.6)
        // Smaller numbers could not be read, and in a large table zeros would hide what there is.
        guard size >= 7, value != 0 || layout.cell >= 24 else { return }
        // Zeros step back, so that the eye finds what is there.
        let ink = color.lightness < 0.55 ? Color.white : value == 0 ? ChartStyle.line : ChartStyle.ink
        canvas.drawText(
            text, x: x + layout.cell / 2, y: y + layout.cell / 2, size: size, color: ink,
            weight: row == column && value != 0 ? .bold : .regular, anchor: .center)
    }

    private func drawNames(on canvas: Canvas, _ layout: HeatMapLayout, width: Double, height: Double) {
        let size = min(ChartStyle.tickSize, layout.cell * 0.8)
        for (row, name) in rowNames.enumerated() {
            canvas.drawText(
                name, x: layout.left - 8, y: layout.top + (Double(row) + 0.5) * layout.cell, size: size,
                color: ChartStyle.quietInk, anchor: .trailing, widest: layout.rowNameWidth + 1)
        }
        let below = layout.top + height + 8
        for (column, name) in columnNames.enumerated() {
            canvas.drawText(
                name, x: layout.left + (Double(column) + 0.5) * layout.cell, y: below, size: size,
                color: ChartStyle.quietInk, anchor: layout.namesAreTurned ? .trailing : .top,
                rotation: layout.namesAreTurned ? -Double.pi / 2 : 0, widest: layout.columnNameWidth + 1)
        }
        canvas.drawText(
            columnLabel, x: layout.left + width / 2, y: Double(canvas.height) - 10, size: ChartStyle.labelSize,
            color: ChartStyle.ink, anchor: .bottom)
        canvas.drawText(
            rowLabel, x: 20, y: layout.top + height / 2, size: ChartStyle.labelSize, color: ChartStyle.ink,
            anchor: .center, rotation: -Double.pi / 2)
    }

    private func drawScale(on canvas: Canvas, x: Double, y: Double, height: Double) {
        let stops = [
            Canvas.Paint.Stop(0, ChartStyle.heat.high), Canvas.Paint.Stop(0.5, ChartStyle.heat.middle),
            Canvas.Paint.Stop(1, ChartStyle.heat.low),
        ]
        let paint = Canvas.Paint.linear(
            from: Canvas.Point(x: x, y: y), to: Canvas.Point(x: x, y: y + height), stops: stops)
        canvas.fillRectangle(x: x, y: y, width: 14, height: height, paint: paint)
        canvas.strokeRectangle(
            x: x - 0.5, y: y - 0.5, width: 15, height: height + 1, color: ChartStyle.line, lineWidth: 1)
        let ticks = AxisTicks(0...largest, wanted: max(Int(height / 40), 2), isFixed: true, wholeNumbers: decimals == 0)
        for (value, label) in zip(ticks.values, ticks.labels) {
            let at = y + height * (1 - value / largest)
            canvas.strokeLine(x1: x + 14, y1: at, x2: x + 18, y2: at, color: ChartStyle.line, lineWidth: 1)
            canvas.drawText(
                label, x: x + 22, y: at, size: ChartStyle.tickSize, color: ChartStyle.quietInk, anchor: .leading)
        }
    }

    /// The largest finite number, at least a little above zero.
    private var largest: Double {
        let numbers = values.flatMap { $0 }.filter(\.isFinite)
        return max(numbers.max() ?? 0, decimals == 0 ? 1 : 1e-6)
    }

    private func heatColor(_ value: Double) -> Color {
        let fraction = max(value, 0) / largest
        let heat = ChartStyle.heat
        return fraction < 0.5
            ? heat.low.mixed(with: heat.middle, fraction: fraction * 2)
            : heat.middle.mixed(with: heat.high, fraction: fraction * 2 - 1)
    }
}
