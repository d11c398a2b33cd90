import Foundation
import Images
import Testing

@Suite("Canvas")
struct CanvasTests {
    private let red = Color(rgb: 0xff0000)

    @Test("a filled rectangle covers its pixels and no other")
    func fillsWholePixels() throws {
        let canvas = Canvas(width: 6, height: 5)
        canvas.fillRectangle(x: 1, y: 2, width: 3, height: 2, color: red)
        let image = canvas.makeImage()
        for y in 0..<5 {
            for x in 0..<6 {
                #expect(image[x, y] == ((1..<4).contains(x) && (2..<4).contains(y) ? red : .white), "(\(x), \(y))")
            }
        }
    }

    @Test("an outline of two pixels lies half inside and half outside")
    func strokesAroundTheEdge() {
        let canvas = Canvas(width: 10, height: 10)
        canvas.strokeRectangle(x: 3, y: 3, width: 4, height: 4, color: red, lineWidth: 2)
        let row = (0..<10).map { canvas.makeImage()[$0, 5] == red }
        #expect(row == [false, false, true, true, false, false, true, true, false, false])
    }

    @Test("half a pixel, and half transparency, mix evenly")
    func mixes() {
        let canvas = Canvas(width: 3, height: 1)
        canvas.fillRectangle(x: 0.5, y: 0, width: 0.5, height: 1, color: .black)
        canvas.fillRectangle(x: 1, y: 0, width: 1, height: 1, color: .black.withAlpha(128))
        let image = canvas.makeImage()
        #expect(abs(Int(image[0, 0].red) - 127) <= 1)
        #expect(abs(Int(image[1, 0].red) - 127) <= 1)
        #expect(image[2, 0] == .white)
    }

    @Test("a picture goes on and comes off unchanged")
    func keepsPictures() throws {
        let photo = try ImageBuffer(contentsOf: PictureFixtures.path("resize-photo.png"))
        #expect(Canvas(photo).makeImage() == photo)
        let canvas = Canvas(width: photo.width + 7, height: photo.height + 5)
        canvas.drawImage(photo, x: 4, y: 3, width: Double(photo.width), height: Double(photo.height))
        #expect(try canvas.makeImage().cropped(x: 4, y: 3, width: photo.width, height: photo.height) == photo)
    }

    @Test("a picture drawn in another size is the resized picture")
    func resizesPictures() throws {
        let photo = try ImageBuffer(contentsOf: PictureFixtures.path("resize-photo.png"))
        let canvas = Canvas(width: 40, height: 30)
        canvas.drawImage(photo, x: 0, y: 0, width: 40, height: 30)
        #expect(canvas.makeImage() == photo.resized(width: 40, height: 30, filter: .bicubic))
    }

    @Test("transforms nest and end; clips keep drawing inside")
    func transformsAndClips() {
        let canvas = Canvas(width: 8, height: 8)
        canvas.withTransform(x: 8, y: 0, rotation: .pi / 2) {
            canvas.withTransform(.scale(x: 2, y: 2)) {
                canvas.fillRectangle(x: 0, y: 0, width: 1, height: 1, color: red)
            }
        }
        canvas.withClip(x: 0, y: 4, width: 2, height: 2) {
            canvas.fillRectangle(x: 0, y: 0, width: 8, height: 8, color: .black)
        }
        canvas.withTransform(.scale(x: 0, y: 1)) { Issue.record("a map to a line has nothing to draw on") }
        let image = canvas.makeImage()
        #expect(image[7, 0] == red && image[6, 1] == red && image[5, 0] == .white && image[7, 2] == .white)
        #expect(image[1, 5] == .black && image[2, 5] == .white && image[1, 3] == .white && image[1, 6] == .white)
    }

    @Test("a gradient runs from its first to its last color")
    func gradients() {
        let canvas = Canvas(width: 256, height: 1)
        let stops = [Canvas.Paint.Stop(0, .black), Canvas.Paint.Stop(1, .white)]
        canvas.fillRectangle(
            x: 0, y: 0, width: 256, height: 1,
            paint: .linear(from: .init(x: 0, y: 0), to: .init(x: 256, y: 0), stops: stops))
        let image = canvas.makeImage()
        for x in 0..<256 { #expect(abs(Int(image[x, 0].green) - x) <= 1) }
    }

    @Test(
        "numbers that are no numbers draw nothing and break nothing",
        arguments: [Double.nan, .infinity, -.infinity, 1e300])
    func strangeNumbers(value: Double) {
        let canvas = Canvas(width: 4, height: 4)
        let photo = ImageBuffer(width: 2, height: 2, fill: red)
        canvas.drawImage(photo, x: value, y: 0, width: value, height: 1)
        canvas.drawText("text", x: value, y: 0, size: value, color: red)
        canvas.withTransform(x: value, y: 0) { canvas.fillCircle(x: 0, y: 0, radius: 1, color: red) }
        canvas.strokeRectangle(x: value, y: value, width: 1, height: value, color: red, lineWidth: value)
        canvas.fillRectangle(x: 0, y: 0, width: 2, height: 2, color: .black)
        #expect(canvas.makeImage()[1, 1] == .black)
    }

    @Test("a picture too long for a surface is drawn on in a smaller size")
    func longPictures() {
        let canvas = Canvas(ImageBuffer(width: 40000, height: 2, fill: .white))
        canvas.fillRectangle(x: 20000, y: 0, width: 20000, height: 2, color: red)
        let image = canvas.makeImage()
        #expect(image.width == Canvas.longestSide && image.height == 2)
        #expect(image[16000, 1] == .white && image[17000, 1] == red)
    }
}

@Suite("Text on a canvas")
struct CanvasTextTests {
    @Test("a digit is as wide as DejaVu Sans says: 1303 of 2048 units, 1425 in bold", arguments: [10.0, 26, 300])
    func digitWidths(size: Double) {
        let canvas = Canvas(width: 1, height: 1)
        // The numbers are the advance widths of "1" in the fonts' hmtx tables (DejaVu 2.37).
        #expect(abs(canvas.measureText("1", size: size).width - size * 1303 / 2048) < 0.01)
        #expect(abs(canvas.measureText("1", size: size, weight: .bold).width - size * 1425 / 2048) < 0.01)
        #expect(abs(canvas.measureText("111", size: size).width - 3 * size * 1303 / 2048) < 0.01)
    }

    @Test("only the program's own fonts are opened")
    func opensNoSystemFont() throws {
        let canvas = Canvas(width: 100, height: 20)
        canvas.drawText("abc 中文 ♣", x: 0, y: 0, size: 12, color: .black)
        // The kernel hands this file out in pieces; Foundation's `String(contentsOfFile:)` ends at the first short one.
        let file = try #require(FileHandle(forReadingAtPath: "/proc/self/maps"))
        let maps = String(decoding: try #require(try file.readToEnd()), as: UTF8.self)
        #expect(maps.contains("[stack]"))
        #expect(Canvas.hasFonts)
        #expect(maps.contains("palinote-font"))
        let foreign = maps.split(separator: "\n").filter { line in
            ["/usr/share/fonts", "/etc/fonts", "fontconfig/"].contains { line.contains($0) }
        }
        #expect(foreign.isEmpty)
    }

    @Test(
        "every script has letters of its own",
        arguments: ["é", "ß", "7", "♣", "♦", "♥", "♠", "梅", "花", "國", "カ", "ひ", "Ж", "я", "Ω", "ع", "ש", "한", "→", "°"])
    func everyScript(letter: String) {
        // U+E123 has no letter in any font: it shows as a box with its number.
        let (drawn, missing) = (draw(letter), draw("\u{e123}"))
        #expect(drawn != ImageBuffer(width: 60, height: 60, fill: .white))
        #expect(drawn != missing)
        #expect(drawn != draw("\u{e124}"))
    }

    @Test("the anchor is the point of the box that lies at the place", arguments: Canvas.Anchor.allCases)
    func anchors(anchor: Canvas.Anchor) throws {
        let canvas = Canvas(width: 200, height: 120)
        canvas.drawText("HHHH", x: 100, y: 60, size: 20, color: .black, anchor: anchor)
        let ink = try #require(inkBox(canvas.makeImage()))
        let box = canvas.measureText("HHHH", size: 20)
        let across =
            "\(anchor)".lowercased().contains("trailing") ? 1.0 : "\(anchor)".lowercased().contains("leading") ? 0 : 0.5
        let down = "\(anchor)".hasPrefix("bottom") ? 1.0 : "\(anchor)".hasPrefix("top") ? 0 : 0.5
        let (left, top) = (100 - box.width * across, 60 - box.height * down)
        // "H" is centered in its own width, so ink and box share their middle across; down, ink lies inside the box.
        #expect(abs(Double(ink.left + ink.right + 1) / 2 - (left + box.width / 2)) <= 1)
        #expect(Double(ink.top) >= top && Double(ink.bottom) <= top + box.height)
    }

    @Test("a long line is cut to its place, a line feed makes two lines, and no text measures nothing across")
    func lines() {
        let canvas = Canvas(width: 1, height: 1)
        let long = String(repeating: "wide ", count: 50)
        #expect(canvas.measureText(long, size: 12, widest: 100).width <= 100)
        let one = canvas.measureText("a", size: 12).height
        #expect(abs(canvas.measureText("a\nb", size: 12).height - 2 * one) < 0.01)
        #expect(canvas.measureText("", size: 12).width == 0)
        #expect(canvas.measureText("a", size: 0) == (0, 0))
    }

    @Test("NUL and lone control characters are drawn or skipped, never a failure")
    func controlCharacters() {
        let canvas = Canvas(width: 50, height: 20)
        canvas.drawText("a\0b\u{1}\u{7f}\r\u{202e}c", x: 0, y: 0, size: 12, color: .black)
        #expect(inkBox(canvas.makeImage()) != nil)
    }

    private func draw(_ text: String) -> ImageBuffer {
        let canvas = Canvas(width: 60, height: 60)
        canvas.drawText(text, x: 30, y: 30, size: 30, color: .black, anchor: .center)
        return canvas.makeImage()
    }

    /// The smallest rectangle around everything that is not white.
    private func inkBox(_ image: ImageBuffer) -> (left: Int, top: Int, right: Int, bottom: Int)? {
        let places = (0..<image.height).flatMap { y in (0..<image.width).map { (x: $0, y: y) } }
            .filter { image[$0.x, $0.y] != .white }
        guard let left = places.map(\.x).min(), let right = places.map(\.x).max(), let top = places.map(\.y).min(),
            let bottom = places.map(\.y).max()
        else { return nil }
        return (left, top, right, bottom)
    }
}
