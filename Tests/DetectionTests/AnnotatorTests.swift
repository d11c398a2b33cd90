import Images
import Testing

@testable import Detection

@Suite("Annotators")
struct AnnotatorTests {
    private let grey = Color(rgb: 0x808080)
    private let first = Color(rgb: 0xA351FB)

    private func detections(_ boxes: [Box], ids: [Int?]? = nil, names: [String]? = nil) -> Detections {
        Detections(
            boxes: boxes, classIDs: ids ?? boxes.map { _ in 0 }, classNames: names ?? boxes.map { _ in "cat" })
    }

    private func drawn(_ detections: Detections, style: AnnotatorStyle = AnnotatorStyle()) -> ImageBuffer {
        let canvas = Canvas(ImageBuffer(width: 200, height: 150, fill: grey))
        BoxAnnotator(style: style).annotate(canvas, with: detections)
        return canvas.makeImage()
    }

    @Test("a box has sharp lines of the class's color about its edges, and nothing elsewhere", arguments: [1, 2, 3, 4])
    func lines(_ thickness: Int) {
        let box = Box(xMin: 50.9, yMin: 60.2, xMax: 120, yMax: 100.7)
        let image = drawn(detections([box]), style: AnnotatorStyle(thickness: thickness))
        let column = (0..<200).filter { image[$0, 80] == first }
        let row = (0..<150).filter { image[80, $0] == first }
        let before = thickness / 2
        let after = thickness - before
        #expect(column == Array(50 - before..<50 + after) + Array(120 - before..<120 + after))
        #expect(row == Array(60 - before..<60 + after) + Array(100 - before..<100 + after))
        #expect((0..<200).allSatisfy { image[$0, 80] == first || image[$0, 80] == grey })
    }

    @Test("colors follow class ids around the palette; names without ids take turns")
    func colors() {
        let palette = ColorPalette.standard
        #expect(palette[0] == first)
        #expect(palette[21] == palette[0])
        #expect(palette[-1] == palette[20])
        let boxes = (0..<4).map { Box(xMin: Double($0), yMin: 0, xMax: 9, yMax: 9) }
        let colors = palette.colors(
            for: detections(boxes, ids: [nil, nil, nil, 5], names: ["a", "b", "a", "c"]))
        #expect(colors == [palette[0], palette[1], palette[0], palette[5]])
    }

    @Test(
        "a plate stands on its box, hangs inside where there is no room, and stays in the picture",
        arguments: [
            ("room above", Box(xMin: 20, yMin: 60, xMax: 90, yMax: 100), 20.0, 29.0),
            ("just room", Box(xMin: 20, yMin: 31, xMax: 90, yMax: 100), 20.0, 0.0),
            ("no room above", Box(xMin: 20, yMin: 30, xMax: 90, yMax: 100), 20.0, 30.0),
            ("above the picture", Box(xMin: 20, yMin: -40, xMax: 90, yMax: 100), 20.0, 0.0),
            ("left of the picture", Box(xMin: -20, yMin: 60, xMax: 90, yMax: 100), 0.0, 29.0),
        ])
    func plates(_ name: String, _ box: Box, _ left: Double, _ top: Double) throws {
        let canvas = Canvas(width: 200, height: 150)
        let corners = try #require(PixelCorners(box, on: canvas))
        let plate = LabelAnnotator().plate(for: "cat", at: corners, on: canvas)
        #expect((plate.left, plate.top) == (left, top))
        #expect(plate.bottom - plate.top == 31)
    }

    @Test("a plate at the right border is moved left")
    func rightBorder() throws {
        let canvas = Canvas(width: 200, height: 150)
        let corners = try #require(PixelCorners(Box(xMin: 190, yMin: 60, xMax: 199, yMax: 99), on: canvas))
        let plate = LabelAnnotator().plate(for: "ace of spades", at: corners, on: canvas)
        #expect(plate.right == 200)
        #expect(plate.left > 0)
    }

    @Test("text of any script leaves its mark on the plate", arguments: ["cat", "红心 A", "кошка", "قطة", "고양이", "猫"])
    func scripts(_ name: String) {
        let image = ImageBuffer(width: 300, height: 150, fill: grey)
        let box = Box(xMin: 20, yMin: 60, xMax: 200, yMax: 140)
        let labelled = image.annotated(with: detections([box], names: [name]), style: AnnotatorStyle())
        let blank = image.annotated(with: detections([box], names: [" "]), style: AnnotatorStyle())
        let plate = 29..<60
        func whitePixels(_ picture: ImageBuffer) -> Int {
            plate.reduce(0) { count, y in count + (20..<200).count { picture[$0, y].lightness > 0.8 } }
        }
        #expect(whitePixels(labelled) > whitePixels(blank) + 15)
    }

    @Test(
        "boxes that are odd do no harm",
        arguments: [
            Box(xMin: .nan, yMin: 0, xMax: 9, yMax: 9), Box(xMin: 0, yMin: -.infinity, xMax: 9, yMax: 9),
            Box(xMin: -1e300, yMin: -1e300, xMax: 1e300, yMax: 1e300), Box(xMin: 90, yMin: 80, xMax: 10, yMax: 20),
            Box(xMin: 5, yMin: 5, xMax: 5, yMax: 5), Box(xMin: 5000, yMin: 5000, xMax: 6000, yMax: 6000),
        ])
    func odd(_ box: Box) {
        let image = ImageBuffer(width: 60, height: 40, fill: grey)
        let drawn = image.annotated(with: detections([box]))
        #expect((drawn.width, drawn.height) == (60, 40))
        if !box.isFinite { #expect(drawn == image) }
    }

    @Test("crossed corners are drawn as the same box put right")
    func crossed() {
        let crossed = drawn(detections([Box(xMin: 120, yMin: 100, xMax: 50, yMax: 60)]))
        #expect(crossed == drawn(detections([Box(xMin: 50, yMin: 60, xMax: 120, yMax: 100)])))
    }

    @Test("measures follow the picture's shorter side")
    func scaled() {
        let style = AnnotatorStyle()
        #expect(style.scaled(toWidth: 500, height: 900) == style)
        let large = style.scaled(toWidth: 2000, height: 3000)
        #expect((large.thickness, large.textSize, large.textPadding) == (8, 60, 40))
        let small = style.scaled(toWidth: 10, height: 10)
        #expect((small.thickness, small.textSize, small.textPadding) == (1, 6, 4))
    }
}
