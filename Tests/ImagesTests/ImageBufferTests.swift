import Images
import Testing

@Suite("ImageBuffer")
struct ImageBufferTests {
    /// 3 by 2 pixels, each sample its own number.
    private let small: ImageBuffer

    init() throws {
        small = try ImageBuffer(width: 3, height: 2, pixels: Array(0..<18))
    }

    @Test(
        "sizes and sample counts are checked",
        arguments: [(0, 5, 0), (-1, -1, 3), (2, 2, 11), (2, 2, 13), (Int.max, 4, 12)])
    func badSizes(width: Int, height: Int, count: Int) {
        #expect(throws: ImageError.self) {
            try ImageBuffer(width: width, height: height, pixels: [UInt8](repeating: 0, count: count))
        }
    }

    @Test("a crop keeps the pixels inside")
    func cropping() throws {
        let part = try small.cropped(x: 1, y: 1, width: 2, height: 1)
        #expect(part.pixels == Array(12..<18))
        #expect(try small.cropped(x: 0, y: 0, width: 3, height: 2) == small)
    }

    @Test(
        "a crop that leaves the picture is an error",
        arguments: [(-1, 0, 1, 1), (0, 0, 4, 1), (2, 1, 1, 2), (0, 0, 0, 1), (Int.max, 0, 1, 1)])
    func croppingOutside(x: Int, y: Int, width: Int, height: Int) {
        #expect(throws: ImageError.self) { try small.cropped(x: x, y: y, width: width, height: height) }
    }

    @Test("a flip exchanges left and right")
    func flipping() {
        #expect(small.flippedHorizontally().pixels == [6, 7, 8, 3, 4, 5, 0, 1, 2, 15, 16, 17, 12, 13, 14, 9, 10, 11])
        #expect(small.flippedHorizontally().flippedHorizontally() == small)
    }

    @Test("the digest counts the size")
    func digest() throws {
        // python3 -c "import hashlib,struct; print(hashlib.sha256(struct.pack('<II', 3, 2) + bytes(range(18))).hexdigest())"
        #expect(small.pixelDigest == "f63477861f69bb85cb08d43b44b92df9850d816598833eddf2d6865d733b367e")
    }

    @Test("colors read from hexadecimal digits")
    func colors() throws {
        #expect(try Color(hex: "#ff8800") == Color(red: 255, green: 136, blue: 0))
        #expect(try Color(hex: "0a0B0c80") == Color(red: 10, green: 11, blue: 12, alpha: 128))
    }

    @Test("other text is no color", arguments: ["", "#fff", "#ff880", "#gg8800", "+f8800", "#ff8800ff0", "０a0B0c"])
    func badColors(text: String) {
        #expect(throws: ImageError.badColor(text: text)) { try Color(hex: text) }
    }
}
