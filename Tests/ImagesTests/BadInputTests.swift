import Foundation
import Images
import Testing

@Suite("Bad input")
struct BadInputTests {
    @Test("a missing file, a folder, a device and an empty file are told apart")
    func filesThatAreNoPictures() throws {
        try withTemporaryFolder { folder in
            let empty = folder + "/empty.png"
            try Data().write(to: URL(fileURLWithPath: empty))
            #expect(throws: ImageError.missing(file: folder + "/none.jpg")) {
                try ImageBuffer(contentsOf: folder + "/none.jpg")
            }
            #expect(throws: ImageError.missing(file: empty + "/inside.jpg")) {
                try ImageBuffer(contentsOf: empty + "/inside.jpg")
            }
            #expect(throws: ImageError.notAFile(file: folder, found: "a folder")) {
                try ImageBuffer(contentsOf: folder)
            }
            #expect(throws: ImageError.notAFile(file: "/dev/zero", found: "a device or a pipe")) {
                try ImageBuffer(contentsOf: "/dev/zero")
            }
            #expect(throws: ImageError.empty(file: empty)) { try ImageBuffer(contentsOf: empty) }
        }
    }

    @Test(
        "other formats are named",
        arguments: [
            ("GIF89a....", "a GIF picture"), ("RIFF....WEBPVP8 ", "a WebP picture"), ("{\"a\": 1}", "a JSON file"),
            ("<!DOCTYPE html>", "a web page"), ("PK\u{3}\u{4}", "a zip archive"), ("hello", nil),
        ])
    func otherFormats(text: String, name: String?) {
        #expect(throws: ImageError.unknownFormat(file: "x", looksLike: name)) {
            try ImageBuffer(decoding: Array(text.utf8), name: "x")
        }
    }

    @Test(
        "a PNG header that states too many pixels is refused before memory is taken",
        arguments: [(UInt32(0x7fff_ffff), UInt32(0x7fff_ffff)), (.max, .max), (.max, 1), (1, .max), (13378, 13377)])
    func enormousPNG(width: UInt32, height: UInt32) {
        let header = pngStart(width: width, height: height)
        #expect(
            throws: ImageError.tooManyPixels(
                file: "x", width: Int(width), height: Int(height), limit: ImageLimits.pixelCount)
        ) { try ImageBuffer(decoding: header, name: "x") }
    }

    @Test("a JPEG header that states too many pixels is refused before memory is taken")
    func enormousJPEG() throws {
        var bytes = try PictureFixtures.bytes("baseline-420-17x5.jpg")
        let frame = try #require(frameOffset(bytes))
        bytes.replaceSubrange(frame + 5..<frame + 9, with: [0xff, 0xdc, 0xff, 0xdc])
        #expect(
            throws: ImageError.tooManyPixels(file: "x", width: 65500, height: 65500, limit: ImageLimits.pixelCount)
        ) { try ImageBuffer(decoding: bytes, name: "x") }
    }

    @Test("a JPEG whose header states more rows than it has is damaged, not padded as Pillow would")
    func lyingJPEG() throws {
        var bytes = try PictureFixtures.bytes("baseline-444-17x5.jpg")
        let frame = try #require(frameOffset(bytes))
        bytes.replaceSubrange(frame + 5..<frame + 7, with: [0x03, 0xe8])
        #expect(throws: ImageError.self) { try ImageBuffer(decoding: bytes, name: "x") }
    }

    @Test(
        "a header that states a size no file of this length can have is refused at once",
        arguments: ["baseline-420-17x5.jpg", "progressive-420.jpg"])
    func implausibleSize(file: String) throws {
        var bytes = try PictureFixtures.bytes(file)
        let frame = try #require(frameOffset(bytes))
        bytes.replaceSubrange(frame + 5..<frame + 9, with: [0x34, 0x00, 0x34, 0x00])
        #expect(throws: ImageError.truncated(file: "x", format: .jpeg, byteCount: bytes.count)) {
            try ImageBuffer(decoding: bytes, name: "x")
        }
    }

    @Test("a PNG without pixels, and one with a chunk that claims two gigabytes, are refused")
    func lyingPNG() {
        let noPixels = pngStart(width: 0, height: 5)
        #expect(throws: ImageError.self) { try ImageBuffer(decoding: noPixels, name: "x") }
        let claim = pngStart(width: 5, height: 5) + [0x7f, 0xff, 0xff, 0xff] + Array("IDAT".utf8) + [1, 2, 3]
        #expect(throws: ImageError.truncated(file: "x", format: .png, byteCount: claim.count)) {
            try ImageBuffer(decoding: claim, name: "x")
        }
        let text = pngStart(width: 5, height: 5) + [0x7f, 0xff, 0xff, 0xff] + Array("tEXt".utf8) + [1, 2, 3]
        #expect(throws: ImageError.truncated(file: "x", format: .png, byteCount: text.count)) {
            try ImageBuffer(decoding: text, name: "x")
        }
    }

    @Test("a changed byte in a PNG is found by its checksum")
    func damagedPNG() throws {
        var bytes = try PictureFixtures.bytes("rgb.png")
        bytes[bytes.count / 2] ^= 0x10
        let error = #expect(throws: ImageError.self) { try ImageBuffer(decoding: bytes, name: "rgb.png") }
        let description = try #require(error?.description)
        #expect(description.hasPrefix("rgb.png: the PNG picture is damaged ("))
    }

    @Test(
        "changed bytes end in a picture or an error, never in a trap",
        arguments: [
            "progressive-420.jpg", "type3-4bit-interlaced.png", "cmyk.jpg", "orientation-6.jpg", "restart-blocks.jpg",
        ])
    func mutations(file: String) throws {
        let original = try PictureFixtures.bytes(file)
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        let next = { (bound: Int) -> Int in
            // Marsaglia's xorshift64: the same mutations on every run.
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        var outcomes = (pictures: 0, errors: 0)
        for _ in 0..<300 {
            var bytes = original
            for _ in 0...next(3) { bytes[3 + next(bytes.count - 3)] = UInt8(next(256)) }
            do throws(ImageError) {
                let image = try ImageBuffer(decoding: bytes, name: file, exif: .apply)
                #expect(image.pixels.count == image.width * image.height * 3)
                outcomes.pictures += 1
            } catch {
                #expect(error.description.hasPrefix(file))
                outcomes.errors += 1
            }
        }
        #expect(outcomes.errors > 0)
    }

    /// A PNG's signature and header chunk, with a right checksum.
    private func pngStart(width: UInt32, height: UInt32) -> [UInt8] {
        let word = { (value: UInt32) in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        let chunk = Array("IHDR".utf8) + word(width) + word(height) + [8, 2, 0, 0, 0]
        return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + word(13) + chunk + word(crc32(chunk))
    }

    private func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
        }
    }

    /// Where a baseline or progressive JPEG's frame header begins.
    private func frameOffset(_ bytes: [UInt8]) -> Int? {
        bytes.indices.dropLast().first { bytes[$0] == 0xff && [0xc0, 0xc2].contains(bytes[$0 + 1]) }
    }
}
