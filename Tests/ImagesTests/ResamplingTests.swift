import Images
import Testing

@Suite("Resampling")
struct ResamplingTests {
    struct Expectation: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        let filter: String
        let width: Int
        let height: Int
        let digest: String
        var testDescription: String { "\(file) to \(width)x\(height), \(filter)" }
    }

    static let expectations: [Expectation] = PictureFixtures.cases("resizing")

    @Test("the fixtures are there")
    func fixturesArePresent() {
        #expect(Self.expectations.count == 200)
    }

    @Test("bytes equal Pillow's resize", arguments: expectations)
    func equalsPillow(expected: Expectation) throws {
        let filter = try #require(ResamplingFilter.allCases.first { "\($0)" == expected.filter })
        let image = try ImageBuffer(contentsOf: PictureFixtures.path(expected.file))
        let resized = image.resized(width: expected.width, height: expected.height, filter: filter)
        #expect(resized.width == expected.width && resized.height == expected.height)
        #expect(resized.pixelDigest == expected.digest)
    }

    @Test("a flat picture stays flat at any size", arguments: ResamplingFilter.allCases)
    func flatStaysFlat(filter: ResamplingFilter) {
        let color = Color(red: 255, green: 0, blue: 127)
        let flat = ImageBuffer(width: 7, height: 5, fill: color)
        #expect(flat.resized(width: 19, height: 2, filter: filter) == ImageBuffer(width: 19, height: 2, fill: color))
    }
}
