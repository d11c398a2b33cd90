import TestSupport
import Testing

@testable import Workbench

@Suite("SampleFolders")
struct SampleFolderTests {
    private func folder(_ files: [String]) throws -> ScratchFolder {
        let folder = try ScratchFolder()
        for file in files {
            try FileAccess.makeFolder(Paths.folder(of: Paths.join(folder.path, file)))
            try FileAccess.write([], to: Paths.join(folder.path, file))
        }
        return folder
    }

    @Test(
        "samples are found beside an installed program or above one in a checkout, never in a stranger's folder",
        arguments: [
            (["share/palinote/samples/tiny-paligemma2/config.json"], "bin/palinote", "share/palinote/samples"),
            (["samples/tiny-paligemma2/config.json"], ".build/x/debug/palinote", "samples"),
            (
                ["share/palinote/samples/tiny-paligemma2/config.json", "bin/samples/tiny-paligemma2/config.json"],
                "bin/palinote", "share/palinote/samples"
            ),
            (["a/samples/other", "samples/tiny-paligemma2/config.json"], "a/b/palinote", "samples"),
            (["samples/music.txt"], "bin/palinote", nil),
        ] as [([String], String, String?)])
    func finds(files: [String], program: String, expected: String?) throws {
        let folder = try folder(files)
        let found = SampleFolders.find(program: Paths.join(folder.path, program), environment: [:], folder: "/")
        #expect(found == expected.map { Paths.join(folder.path, $0) })
    }

    @Test("PALINOTE_SAMPLES comes first")
    func environment() {
        let found = SampleFolders.find(
            program: Folders.package.path + "/palinote", environment: ["PALINOTE_SAMPLES": "mine"], folder: "/home/x")
        #expect(found == "/home/x/mine")
        #expect(
            SampleFolders.find(program: Folders.package.path + "/palinote", environment: [:], folder: "/")
                == Folders.samples.path)
    }
}
