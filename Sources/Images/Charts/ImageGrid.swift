/// Pictures in rows and columns, each with a title, as supervision's `plot_images_grid` shows them.
package struct ImageGrid: Sendable {
    /// The pictures, row after row.
    package var images: [ImageBuffer]
    /// A title for each picture; none, or fewer than pictures, leaves the rest untitled.
    package var titles: [String]
    /// Rows of cells.
    package var rows: Int
    /// Columns of cells.
    package var columns: Int
    /// Room for each picture in pixels, which keeps its ratio inside.
    package var cellWidth: Int
    /// Room for each picture in pixels, which keeps its ratio inside.
    package var cellHeight: Int
    /// What shows between the pictures.
    package var background: Color

    /// Makes a grid.
    package init(
        images: [ImageBuffer], titles: [String] = [], rows: Int, columns: Int, cellWidth: Int = 240,
        cellHeight: Int = 240, background: Color = .white
    ) {
        self.images = images
        self.titles = titles
        self.rows = rows
        self.columns = columns
        self.cellWidth = cellWidth
        self.cellHeight = cellHeight
        self.background = background
    }

    /// Draws the grid; more pictures than cells, or a grid without cells or of enormous size, is an error.
    package func makeImage() throws(ImageError) -> ImageBuffer {
        guard rows > 0, columns > 0, cellWidth > 0, cellHeight > 0, rows <= 1000, columns <= 1000 else {
            throw .badGrid(rows: rows, columns: columns, images: images.count)
        }
        guard images.count <= rows * columns else {
            throw .badGrid(rows: rows, columns: columns, images: images.count)
        }
        let width = columns * (cellWidth + Self.gap) + Self.gap
        let height = rows * (cellHeight + titleHeight + Self.gap) + Self.gap
        guard cellWidth <= Canvas.longestSide, cellHeight <= Canvas.longestSide,
            width <= Canvas.longestSide, height <= Canvas.longestSide, width * height <= ImageLimits.pixelCount
        else {
            throw .tooManyPixels(file: "image grid", width: width, height: height, limit: ImageLimits.pixelCount)
        }
        let canvas = Canvas(width: width, height: height, background: background)
        for index in images.indices { draw(index, on: canvas) }
        return canvas.makeImage()
    }

    private static let gap = 12
    private static let titleSize = 15.0

    private var hasTitles: Bool { titles.contains { !$0.isEmpty } }
    private var titleHeight: Int { hasTitles ? 24 : 0 }

    /// Where a picture lies in the grid, in pixels from the top left; it keeps its ratio in the middle of its cell.
    package func frame(of index: Int) -> (x: Double, y: Double, width: Double, height: Double) {
        let image = images[index]
        let (row, column) = index.quotientAndRemainder(dividingBy: columns)
        let x = Double(Self.gap + column * (cellWidth + Self.gap))
        let y = Double(Self.gap + row * (cellHeight + titleHeight + Self.gap) + titleHeight)
        let scale = min(Double(cellWidth) / Double(image.width), Double(cellHeight) / Double(image.height))
        // Whole pixels: a picture that fits exactly is copied, not interpolated.
        let width = max((Double(image.width) * scale).rounded(), 1)
        let height = max((Double(image.height) * scale).rounded(), 1)
        return (
            x + ((Double(cellWidth) - width) / 2).rounded(.down),
            y + ((Double(cellHeight) - height) / 2).rounded(.down),
            width, height
        )
    }

    private func draw(_ index: Int, on canvas: Canvas) {
        let frame = frame(of: index)
        canvas.drawImage(images[index], x: frame.x, y: frame.y, width: frame.width, height: frame.height)
        guard index < titles.count else { return }
        let ink = background.lightness > 0.5 ? ChartStyle.ink : Color.white
        canvas.drawText(
            titles[index], x: frame.x + frame.width / 2, y: frame.y - 4, size: Self.titleSize, color: ink,
            anchor: .bottom, widest: Double(cellWidth))
    }
}
