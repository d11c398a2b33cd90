import Console
import Foundation
import Images
import TestSupport
import Testing

@testable import Workbench

@Suite("Dataset commands")
struct DatasetCommandTests {
    private let runner: CommandRunner

    init() throws {
        runner = try CommandRunner()
    }

    /// A folder `own` with one picture of 100 x 50 pixels and the given annotation lines of the train split.
    private func makeDataset(_ lines: [String]) throws {
        try FileManager.default.createDirectory(
            atPath: runner.folder.path + "/own", withIntermediateDirectories: true)
        let picture = ImageBuffer(width: 100, height: 50, fill: Color(red: 200, green: 220, blue: 210))
        try picture.write(toPNG: runner.folder.path + "/own/a.png")
        try runner.write(lines.joined(separator: "\n"), to: "own/_annotations.train.jsonl")
    }

    private static let good =
        #"{"image":"a.png", "prefix":"detect ace","suffix":"<loc0000><loc0512><loc1023><loc1023> ace"}"#
    private static let threeLocations =
        #"{"image":"a.png","prefix":"detect ace","suffix":"<loc0000><loc0512><loc1023> ace"}"#

    @Test("the sample is loaded by default, with counts of splits, boxes and classes")
    func loadSample() {
        let lines = runner.lines("dataset load")
        #expect(lines.first == "split  images  boxes  images without boxes")
        #expect(lines.dropFirst().first?.hasPrefix("train     160") == true)
        #expect(lines.last == "9 classes: " + Self.sampleClasses.joined(separator: ", "))
    }

    private static let sampleClasses = [
        "10 of clubs", "9 of diamonds", "ace of hearts", "ace of spades", "jack of clubs", "king of hearts",
        "king of spades", "queen of diamonds", "queen of hearts",
    ]

    @Test("the first bad row is an error that names file and line, and nothing is loaded")
    func badRow() throws {
        try makeDataset([Self.good, Self.threeLocations])
        #expect(
            runner.error("dataset load own")?.hasPrefix(
                "_annotations.train.jsonl:2: suffix has 3 location tokens, a box needs 4") == true)
        #expect(runner.error("dataset stats") == "there is no data set yet")
    }

    @Test("bad rows are left out on request, counted, and the first five are shown")
    func skipInvalid() throws {
        try makeDataset([Self.good] + Array(repeating: Self.threeLocations, count: 7))
        let warnings = runner.lines("dataset load own --skip-invalid").filter { $0.hasPrefix("warning: ") }
        #expect(warnings.first == "warning: 7 rows were left out; the first 5:")
        #expect(warnings.count == 6)
        #expect(warnings.last?.hasPrefix("warning: _annotations.train.jsonl:6: suffix has 3 location tokens") == true)
        #expect(runner.lines("dataset stats train").contains { $0.hasPrefix("ace") })
    }

    @Test(
        "a folder that is no data set is an error that says what a data set is",
        arguments: [("missing", "there is no folder missing"), ("out", "_annotations.train.jsonl")])
    func noDataset(folder: String, problem: String) throws {
        try FileManager.default.createDirectory(
            atPath: runner.folder.path + "/out", withIntermediateDirectories: true)
        #expect(runner.error("dataset load \(folder)")?.contains(problem) == true)
    }

    @Test("a folder that is not there is marked, and those beside it that are spelled alike are named")
    func missingFolder() throws {
        try makeDataset([Self.good])
        for command in ["dataset load onw", "model load onw", "processor load ./onw"] {
            let failure = try #require(runner.run(command).failure)
            let typed = command.contains("./") ? "./" : ""
            #expect(failure.message.shown == "there is no folder \(typed)onw")
            #expect(failure.suggestions == [typed + "own"])
            #expect(failure.caret?.position.column == command.count - 2 - typed.count)
        }
        #expect(runner.error("dataset load nothing/alike") == "there is no folder nothing/alike")
    }

    @Test("the first lines are those of the file, byte for byte")
    func head() throws {
        try makeDataset([Self.threeLocations, Self.good, "", Self.good])
        _ = runner.run("dataset load own --skip-invalid")
        #expect(runner.lines("dataset head") == [Self.good, Self.good])
        #expect(runner.lines("dataset head --count 1") == [Self.good])
        #expect(runner.error("dataset head valid") == "the data set has no valid split")
        #expect(runner.error("dataset head tain")?.contains("one of train, valid, test") == true)
    }

    @Test("a file that lost its lines since loading is an error")
    func changedFile() throws {
        try makeDataset([Self.good, Self.good])
        _ = runner.run("dataset load own")
        try makeDataset([Self.good])
        #expect(runner.run("dataset head").failure?.code == "FileChanged")
    }

    @Test("statistics count classes, sizes and areas")
    func statistics() throws {
        try makeDataset([Self.good, Self.good.replacing("detect ace", with: "detect ace ; two")])
        _ = runner.run("dataset load own")
        #expect(
            runner.lines("dataset stats") == [
                "class  boxes  images", "ace        2       2", "two        0       0", "all        2       2",
                "boxes an image   1.00", "images by boxes  2 with 1", "boxes by area    0 small, 2 medium, 0 large",
                "image sizes      100x50 (2)",
            ])
    }

    @Test("a clean set gets a clean bill, a bad one its findings")
    func doctor() throws {
        try makeDataset([Self.good])
        _ = runner.run("dataset load own")
        #expect(runner.lines("dataset doctor") == ["nothing found in 1 image"])
        try makeDataset([Self.good, Self.threeLocations, Self.good.replacing("detect ace", with: "detect two")])
        _ = runner.run("dataset load own --skip-invalid")
        let lines = runner.lines("dataset doctor")
        #expect(lines.first?.hasPrefix("error: _annotations.train.jsonl:2: suffix has 3") == true)
        #expect(lines.contains { $0.contains("the prefix does not ask for") })
        #expect(lines.last?.hasPrefix("found in 2 images: 1 error, ") == true)
        #expect(runner.lines("dataset doctor --count 1").contains { $0.hasSuffix("more; --count shows them") })
    }

    @Test("a grid holds 25 pictures in five columns, and its manifest every box")
    func grid() throws {
        _ = runner.run("dataset load")
        let image = try #require(runner.picture("dataset show"))
        #expect(image.path == "out/cell-2-1.png")
        #expect(image.width == 5 * 332 + 12)
        #expect(image.height == 5 * (332 + 24) + 12)
        let stored = try ImageBuffer(contentsOf: runner.folder.path + "/" + image.path)
        #expect(stored.width == image.width && stored.height == image.height)
        #expect(stored.pixelDigest == image.digest)
        #expect(image.boxes.count > 25)
        #expect(image.boxes.allSatisfy { Self.sampleClasses.contains($0.label) })
        #expect(image.boxes.flatMap(\.corners).allSatisfy { $0 >= 0 && $0 <= Double(image.height) })
    }

    @Test("a seed chooses other pictures, the same ones each time; few pictures make a small grid")
    func chosen() throws {
        _ = runner.run("dataset load")
        let first = try #require(runner.picture("dataset show test --count 4 --columns 2 --seed 1"))
        #expect(first.width == 2 * 332 + 12)
        #expect(runner.picture("dataset show test --count 4 --columns 2 --seed 1")?.digest == first.digest)
        #expect(runner.picture("dataset show test --count 4 --columns 2")?.digest != first.digest)
        #expect(runner.picture("dataset show test --count 1")?.width == 332 + 12)
    }

    @Test("one example is drawn at its own size, its boxes where the label says")
    func single() throws {
        try makeDataset([Self.good])
        _ = runner.run("dataset load own")
        let image = try #require(runner.picture("dataset show 'train[0]'"))
        #expect(image.width == 100 && image.height == 50)
        let corners: [Double] = [50, 0, 99.90234375, 49.951171875]  // 512, 0, 1023, 1023 of 1024 parts
        #expect(image.boxes == [ImageOutput.Box(label: "ace", corners: corners)])
        #expect(runner.error("dataset show 'train[1]'")?.contains("the split has 1 example, from [0]") == true)
        #expect(runner.error("dataset show nothing")?.contains("is no split") == true)
    }

    @Test("a picture that went away since loading is an error that names it")
    func vanished() throws {
        try makeDataset([Self.good])
        _ = runner.run("dataset load own")
        try FileManager.default.removeItem(atPath: runner.folder.path + "/own/a.png")
        #expect(runner.error("dataset show")?.contains("a.png: no such file") == true)
    }

    @Test("cards are drawn into a folder that loads again, the same for the same seed")
    func makeCards() throws {
        let line = try #require(
            runner.lines("dataset make-cards --out cards --train 2 --valid 1 --test 0 --size 96").last)
        #expect(line.hasPrefix("drew 3 images (train 2, valid 1, test 0) of 96x96 pixels, 9 classes, into cards"))
        #expect(runner.run("dataset load cards").status == .ok)
        _ = runner.run("dataset make-cards --out again --train 2 --valid 1 --test 0 --size 96")
        let files = { (name: String) in FileManager.default.contents(atPath: self.runner.folder.path + "/" + name) }
        #expect(files("cards/train_001.jpg") == files("again/train_001.jpg"))
        #expect(files("cards/_annotations.train.jsonl") == files("again/_annotations.train.jsonl"))
        #expect(runner.error("dataset make-cards --out x --train 0 --valid 0 --test 0")?.contains("no images") == true)
        #expect(runner.error("dataset make-cards --out x --size 8")?.contains("64 to 2048") == true)
    }

    @Test("an interrupt ends the drawing of cards")
    func interrupted() {
        runner.session.surroundings.receive = { [interrupt = runner.session.interrupt] _ in interrupt.request() }
        #expect(runner.run("dataset make-cards --out cards --size 64").status == .interrupted)
    }

    @Test("a set is written in another layout and found out there", arguments: ["coco", "yolo", "voc", "paligemma"])
    func convert(format: String) throws {
        try makeDataset([Self.good])
        _ = runner.run("dataset load own")
        #expect(
            runner.lines("dataset convert --to \(format) --out new") == [
                "wrote 1 image in the \(format) layout to new"
            ])
        #expect(runner.lines("dataset load new").contains("1 class: ace"))
        #expect(runner.lines("dataset head").first?.contains("> ace") == true)
        #expect(runner.error("dataset convert --to coco --out new")?.contains("the folder is not empty") == true)
        #expect(
            runner.error("dataset convert --to coco --out new --replace")?.contains("the loaded set lies there") == true
        )
        #expect(runner.run("dataset load own\ndataset convert --to coco --out new --replace").status == .ok)
        #expect(runner.lines("dataset load new").contains("1 class: ace"))
    }

    @Test("a folder that holds other things is not replaced")
    func convertElsewhere() throws {
        try makeDataset([Self.good])
        _ = runner.run("dataset load own")
        try FileManager.default.createDirectory(
            atPath: runner.folder.path + "/new", withIntermediateDirectories: true)
        try runner.write("hello", to: "new/letter.odt")
        #expect(runner.error("dataset convert --to coco --out new --replace")?.contains("it holds letter.odt") == true)
    }
}
