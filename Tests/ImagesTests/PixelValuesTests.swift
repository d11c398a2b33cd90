import CSystem
import Foundation
import Images
import Testing

@Suite("Pixel values")
struct PixelValuesTests {
    struct Expectation: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        let size: Int
        let mean: [Double]
        let std: [Double]
        let sha256: String
        let values: String?
        var testDescription: String { "\(file) at \(size)" }
    }

    static let expectations: [Expectation] = PictureFixtures.cases("processing")

    @Test("the fixtures are there")
    func fixturesArePresent() {
        #expect(Self.expectations.count == 12)
    }

    @Test("floats equal SiglipImageProcessor's, bit for bit", arguments: expectations)
    func equalsProcessor(expected: Expectation) throws {
        let image = try ImageBuffer(contentsOf: PictureFixtures.path(expected.file))
        let normalization = PixelNormalization(mean: expected.mean, standardDeviation: expected.std)
        let values = pixelValues(of: image, size: expected.size, normalization: normalization)
        #expect(values.count == 3 * expected.size * expected.size)
        if let file = expected.values {
            let stored = try Data(contentsOf: PictureFixtures.folder.appendingPathComponent(file))
            let floats = stored.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            #expect(values == floats)
        }
        #expect(sha256(of: values) == expected.sha256)
    }

    private func sha256(of values: [Float]) -> String {
        var digest = csystem_sha256()
        csystem_sha256_begin(&digest)
        values.withUnsafeBytes { csystem_sha256_add(&digest, $0.bindMemory(to: UInt8.self).baseAddress, $0.count) }
        var digits = [CChar](repeating: 0, count: 65)
        csystem_sha256_end(&digest, &digits)
        return digits.dropLast().map { String(UnicodeScalar(UInt8(bitPattern: $0))) }.joined()
    }
}
