import Console
import Detection
import Foundation
import JSON
import TestSupport
import Testing

@testable import Workbench

@Suite("infer takes a file, a folder, a pattern or examples, and writes what it finds")
struct InferCommandTests {
    private let runner: CommandRunner

    init() throws {
        runner = try CommandRunner()
        _ = runner.run("processor load\nmodel load")
        try FileManager.default.createDirectory(
            atPath: runner.folder.path + "/photos", withIntermediateDirectories: true)
        for number in 0..<3 {
            try FileManager.default.createSymbolicLink(
                atPath: runner.folder.path + "/photos/b\(number).jpg",
                withDestinationPath: Folders.samples.appendingPathComponent("cards/test_00\(number).jpg").path)
        }
        try runner.write("no picture", to: "photos/notes.txt")
    }

    private func predictions(_ name: String) throws -> [ImagePredictions] {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(runner.folder.path)/\(name)"))
        return try ImagePredictions.parse([UInt8](bytes), name: name)
    }

    @Test(
        "a folder, a pattern and files give the same, in the order of their names; a folder gets every form and picture"
    )
    func many() throws {
        let words = ["photos", "'photos/b?.jpg'", "photos/b0.jpg photos/b1.jpg photos/b2.jpg"]
        for (number, word) in words.enumerated() {
            #expect(runner.run("infer \(word) --prefix 'detect card' --out found\(number).jsonl").failure == nil)
        }
        let first = try predictions("found0.jsonl")
        #expect(first.map(\.image) == ["b0.jpg", "b1.jpg", "b2.jpg"])
        #expect(first.allSatisfy { !$0.detections.isEmpty && $0.detections.confidences != nil })
        #expect(try predictions("found1.jsonl") == first)
        #expect(try predictions("found2.jsonl") == first)
        _ = runner.run("infer photos --prefix 'detect card' --out all")
        let names = try FileManager.default.contentsOfDirectory(atPath: runner.folder.path + "/all").sorted()
        #expect(names == ["b0.png", "b1.png", "b2.png", "predictions.csv", "predictions.json", "predictions.jsonl"])
        #expect(try predictions("all/predictions.jsonl") == first)
        _ = runner.run("infer photos/b1.jpg --prefix 'detect card' --out new/folder/one.jsonl")
        #expect(try predictions("new/folder/one.jsonl") == [first[1]], "alone and in a batch")
    }

    @Test("a place that cannot be written is an error before any picture is looked at")
    func unwritable() {
        let result = runner.run("infer photos --prefix 'detect card' --out photos/notes.txt/found.jsonl")
        #expect(result.failure?.message.shown.contains("photos/notes.txt") == true)
        #expect(result.outputs.count == 1)
    }

    @Test("the address of a picture gives what its file gives; a page or a broken picture is refused by its address")
    func addresses() throws {
        let picture = try [UInt8](
            Data(contentsOf: Folders.samples.appendingPathComponent("cards/test_001.jpg")))
        let server = try LocalServer { path in
            switch path {
            case "/far/b1.jpg": .ok("image/jpeg", picture)
            case "/broken.jpg": .ok("image/jpeg", Array("no picture".utf8))
            default: .ok("text/html", Array("<html>".utf8))
            }
        }
        defer { server.stop() }
        let address = server.url("/far/b1.jpg")
        #expect(runner.run("infer photos/b1.jpg --prefix 'detect card' --out file.jsonl").failure == nil)
        let result = runner.run("infer \(address) --prefix 'detect card' --out far.jsonl")
        #expect(result.failure == nil, "\(result.failure?.message.shown ?? "")")
        #expect(try predictions("far.jsonl") == predictions("file.jsonl"))
        #expect(runner.run("infer \(address) \(address) --prefix 'detect card'").failure == nil)
        #expect(server.requests.count == 2, "a command asks an address once")
        let page = try #require(runner.error("infer \(server.url("/page")) --prefix 'detect card'"))
        #expect(page.contains("text/html") && page.contains(server.url("/page")), "\(page)")
        let broken = try #require(runner.error("infer \(server.url("/broken.jpg")) --prefix 'detect card'"))
        #expect(broken.hasPrefix(server.url("/broken.jpg")), "\(broken)")
    }

    @Test("a word that leads nowhere says why")
    func mistakes() throws {
        #expect(runner.error("infer photos")?.contains("--prefix") == true)
        #expect(runner.error("infer 'photos/x*.jpg' --prefix 'detect card'")?.contains("x*.jpg") == true)
        #expect(runner.error("infer https://example.org/a.jpg")?.contains("--prefix") == true)
        #expect(runner.error("infer https://me:word@example.org/a.jpg --prefix card")?.contains("password") == true)
        #expect(runner.error("infer nothing.jpg --prefix 'detect card'")?.contains("nothing.jpg") == true)
        try FileManager.default.createDirectory(atPath: runner.folder.path + "/none", withIntermediateDirectories: true)
        #expect(runner.error("infer none --prefix 'detect card'")?.contains("holds no") == true)
        #expect(
            runner.error("infer photos/b0.jpg --prefix 'detect card' --free --refine")?.contains("free answers") == true
        )
    }
}
