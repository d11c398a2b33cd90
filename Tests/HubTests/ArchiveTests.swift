import Foundation
import TestSupport
import Testing

@testable import Hub

/// Fixtures: Tests/Reference/archives/make_archives.py (Python 3.11's zipfile and tarfile).
@Suite("Unpacking archives")
struct ArchiveTests {
    let scratch: ScratchFolder
    var target: String { "\(scratch.path)/target" }

    init() throws { scratch = try ScratchFolder() }

    private func fixture(_ name: String) -> String {
        Folders.fixtures.appendingPathComponent("archives/\(name)").path
    }

    @Test("files and folders come out as they went in", arguments: ["plain.zip", "plain.tar.gz"])
    func unpacks(name: String) throws {
        var counts: [Int] = []
        let summary = try Archive(path: fixture(name)).unpack(into: target) { counts.append($0.fileCount) }
        #expect(summary == .init(fileCount: 5, byteCount: 19 + 10_240 + 6 + 1) && counts == [1, 2, 3, 4, 5])
        let pixels = try Data(contentsOf: URL(fileURLWithPath: "\(target)/dataset/a.jpg"))
        #expect(pixels == Data((0..<10_240).map { UInt8($0 % 256) }))
        #expect(try String(contentsOfFile: "\(target)/dataset/Größe 黑桃.txt", encoding: .utf8) == "黑桃")
        #expect(FileManager.default.contents(atPath: "\(target)/empty.txt") == Data())
        #expect(FileManager.default.contents(atPath: "\(target)/dot/x") == Data("x".utf8))
        #expect(FileManager.default.fileExists(atPath: "\(target)/nothing inside") == (name == "plain.zip"))
        #expect(try scratch.names() == ["target"])
    }

    @Test(
        "what would leave the folder, links, devices and clashes are refused, and nothing is left behind",
        arguments: [
            ("upwards.zip", "outside of the folder"), ("upwards.tar", "outside of the folder"),
            ("absolute.zip", "outside of the folder"), ("absolute.tar", "outside of the folder"),
            ("backslash.zip", "outside of the folder"), ("symbolic-link.tar", "\"d\" is a link"),
            ("symbolic-link.zip", "\"link\" is a link"), ("hard-link.tar", "\"p\" is a link"),
            ("pipe.tar", "neither a file nor a folder"), ("twice.tar", "\"a\" is there twice"),
            ("file-in-the-way.tar", "\"a/b/c\" is there twice, or in the way"),
        ])
    func refuses(name: String, expected: String) throws {
        let path = fixture(name)
        let error = #expect(throws: ArchiveError.self) { try Archive(path: path).unpack(into: target) }
        let sentence = error?.description ?? ""
        #expect(sentence.hasPrefix(path) && sentence.contains(expected), "\(sentence)")
        #expect(try scratch.names() == [])
        #expect(!FileManager.default.fileExists(atPath: "/tmp/palinote-outside.txt"))
    }

    @Test("an archive that swells is stopped at the limit")
    func stopsAtLimits() throws {
        let bomb = Archive(path: fixture("bomb.zip"))
        #expect(throws: ArchiveError.tooLarge(archive: bomb.path, limit: 1_000_000)) {
            try bomb.unpack(into: target, limits: .init(byteCount: 1_000_000))
        }
        let plain = Archive(path: fixture("plain.zip"))
        #expect(throws: ArchiveError.tooManyEntries(archive: plain.path, limit: 3)) {
            try plain.unpack(into: target, limits: .init(entryCount: 3))
        }
        #expect(try scratch.names() == [])
        #expect(try bomb.unpack(into: target).byteCount == 4_000_000)
    }

    @Test(
        "an archive cut short at any length is refused whole",
        arguments: ["plain.zip", "plain.tar.gz"])
    func survivesCuts(name: String) throws {
        let whole = Array(try Data(contentsOf: URL(fileURLWithPath: fixture(name))))
        for length in stride(from: 0, to: whole.count, by: 7) {
            let cut = try scratch.write(whole[..<length], to: "cut-\(length)")
            #expect(throws: ArchiveError.self, "\(length) of \(whole.count) bytes") {
                try Archive(path: cut).unpack(into: target)
            }
            #expect(!FileManager.default.fileExists(atPath: target))
            try FileManager.default.removeItem(atPath: cut)
        }
    }

    @Test("an absent archive, noise, a folder in the way and an absent parent are named")
    func namesOtherThings() throws {
        #expect(throws: ArchiveError.self) { try Archive(path: "/nowhere/x.zip").unpack(into: target) }
        let noise = try scratch.write((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 37) }, to: "noise.zip")
        let error = #expect(throws: ArchiveError.self) { try Archive(path: noise).unpack(into: target) }
        #expect(error?.description.hasPrefix("\(noise) cannot be unpacked: ") == true)
        #expect(throws: ArchiveError.targetExists(folder: scratch.path)) {
            try Archive(path: fixture("plain.zip")).unpack(into: scratch.path)
        }
        #expect(throws: ArchiveError.self) { try Archive(path: fixture("plain.zip")).unpack(into: "/nowhere/target") }
    }
}
