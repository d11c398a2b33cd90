import Images
import Testing

@Suite("Decoding")
struct DecodingTests {
    struct Expectation: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        let mode: String
        let digest: String
        let upright: String?
        var testDescription: String { "\(file) (\(mode))" }
    }

    struct Beginnings: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        let byteCount: Int
        let accepted: [String: String]
        var testDescription: String { file }
    }

    static let expectations: [Expectation] = PictureFixtures.cases("decoding")
    static let beginnings: [Beginnings] = PictureFixtures.cases("prefixes")

    @Test("the fixtures are there")
    func fixturesArePresent() {
        #expect(Self.expectations.count > 80)
        #expect(Self.beginnings.count == 5)
    }

    @Test("pixels equal Pillow's RGB", arguments: expectations)
    func equalsPillow(expected: Expectation) throws {
        let image = try ImageBuffer(contentsOf: PictureFixtures.path(expected.file))
        #expect(image.pixelDigest == expected.digest)
    }

    @Test(
        "the stored orientation is applied as exif_transpose does", arguments: expectations.filter { $0.upright != nil }
    )
    func appliesOrientation(expected: Expectation) throws {
        let image = try ImageBuffer(contentsOf: PictureFixtures.path(expected.file), exif: .apply)
        #expect(image.pixelDigest == expected.upright)
    }

    @Test("a file cut at any byte fails, or gives Pillow's pixels", arguments: beginnings)
    func cutFiles(expected: Beginnings) throws {
        let bytes = try PictureFixtures.bytes(expected.file)
        #expect(bytes.count == expected.byteCount)
        for length in 0..<bytes.count {
            let beginning = Array(bytes.prefix(length))
            do throws(ImageError) {
                let image = try ImageBuffer(decoding: beginning, name: expected.file)
                #expect(image.pixelDigest == expected.accepted[String(length)], "cut at \(length)")
            } catch .empty {
                #expect(length == 0)
            } catch .unknownFormat {
                #expect(length < 8, "cut at \(length)")
            } catch .truncated(_, _, let byteCount) {
                #expect(byteCount == length)
            } catch {
                Issue.record("cut at \(length): \(error)")
            }
        }
    }
}
