import Foundation
import Images
import Testing

@Suite("Encoding")
struct EncodingTests {
    struct Expectation: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        let quality: Int
        let byteCount: Int
        let digest: String
        var testDescription: String { "\(file) at quality \(quality)" }
    }

    static let expectations: [Expectation] = PictureFixtures.cases("encoding")

    @Test("the fixtures are there")
    func fixturesArePresent() {
        #expect(Self.expectations.count == 10)
    }

    @Test("a JPEG holds the pixels that Pillow's would", arguments: expectations)
    func equalsPillow(expected: Expectation) throws {
        let image = try ImageBuffer(contentsOf: PictureFixtures.path(expected.file))
        let bytes = try image.jpegBytes(quality: expected.quality)
        #expect(bytes.count == expected.byteCount)
        #expect(try ImageBuffer(decoding: bytes, name: "encoded").pixelDigest == expected.digest)
    }

    @Test(
        "a PNG gives its pixels back, and the same pixels the same bytes",
        arguments: [(1, 1), (1, 40), (300, 2), (61, 43)])
    func pngRoundTrip(width: Int, height: Int) throws {
        let samples = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        let image = try ImageBuffer(width: width, height: height, pixels: samples)
        let bytes = try image.pngBytes()
        #expect(try ImageBuffer(decoding: bytes, name: "encoded") == image)
        #expect(try image.pngBytes() == bytes)
    }

    @Test("files appear whole, under their own name only")
    func writing() throws {
        let image = ImageBuffer(width: 9, height: 4, fill: Color(rgb: 0x336699))
        try withTemporaryFolder { folder in
            try image.write(toPNG: folder + "/a.png")
            try image.write(toPNG: folder + "/a.png")
            try image.write(toJPEG: folder + "/b.jpg", quality: 90)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.png", "b.jpg"])
            #expect(try ImageBuffer(contentsOf: folder + "/a.png") == image)
        }
    }

    @Test("a folder that is absent is an error that names the file")
    func unwritable() {
        let path = "/no/such/folder/a.png"
        #expect(throws: ImageError.unwritable(file: path, reason: "No such file or directory")) {
            try ImageBuffer(width: 1, height: 1, fill: .black).write(toPNG: path)
        }
    }

    @Test("a side that JPEG cannot hold is an error")
    func tooLongForJPEG() {
        #expect(throws: ImageError.self) {
            try ImageBuffer(width: 70000, height: 1, fill: .black).jpegBytes(quality: 90)
        }
    }
}
