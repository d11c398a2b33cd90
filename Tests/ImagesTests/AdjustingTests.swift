import Foundation
import Images
import TestSupport
import Testing

@Suite("Light and sharpness change as in Pillow")
struct AdjustingTests {
    private struct Fixture: Decodable {
        struct Case: Decodable {
            let kind: String
            let factor: Double
            let pixels: [UInt8]
        }

        let width: Int, height: Int
        let pixels: [UInt8]
        let cases: [Case]
    }

    @Test("contrast, brightness and sharpness, byte for byte")
    func enhancements() throws {
        let file = Folders.fixtures.appendingPathComponent("optimize/enhancements.json")
        let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: file))
        let image = try ImageBuffer(width: fixture.width, height: fixture.height, pixels: fixture.pixels)
        #expect(fixture.cases.count == 15)
        for item in fixture.cases {
            let made =
                switch item.kind {
                case "contrast": image.withContrast(item.factor)
                case "brightness": image.withBrightness(item.factor)
                default: image.withSharpness(item.factor)
                }
            #expect(made.pixels == item.pixels, "\(item.kind) \(item.factor)")
        }
    }

    @Test("a picture too small for the filter stays as it is")
    func tiny() throws {
        let image = try ImageBuffer(width: 2, height: 1, pixels: [1, 2, 3, 200, 100, 50])
        #expect(image.withSharpness(2) == image)
        #expect(image.meanColor == Color(red: 101, green: 51, blue: 27))
    }

    @Test("margins stand around, in one color")
    func padding() throws {
        let image = try ImageBuffer(width: 1, height: 1, pixels: [9, 8, 7])
        let padded = image.padded(left: 1, top: 0, right: 0, bottom: 1, fill: Color(rgb: 0xff0000))
        #expect(padded.width == 2 && padded.height == 2)
        #expect(padded.pixels == [255, 0, 0, 9, 8, 7, 255, 0, 0, 255, 0, 0])
    }

    @Test("four quarters make a whole turn, two of them both mirrors")
    func turns() throws {
        let image = try ImageBuffer(width: 3, height: 2, pixels: (0..<18).map { UInt8($0) })
        #expect(image.turned(quarters: 1).turned(quarters: 3) == image && image.turned(quarters: -4) == image)
        #expect(image.turned(quarters: 2) == image.flippedHorizontally().flippedVertically())
        #expect(image.turned(quarters: 1).width == 2)
        // Clockwise: the bottom left corner comes to the top left.
        #expect(Array(image.turned(quarters: 1).pixels.prefix(3)) == [9, 10, 11])
    }
}
