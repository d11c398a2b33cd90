import Detection
import Images
import Models
import Testing

@testable import Training

@Suite("A detector looks at pictures in tiles")
struct TiledDetectorTests {
    @Test("a part of a picture has the pixels and features of a file that holds that part alone")
    func parts() throws {
        let tiny = try TinyRun()
        let (model, loader) = (try tiny.model(), tiny.loader())
        let region = PixelRegion(x: 3, y: 2, width: 11, height: 9)
        let path = "\(tiny.folder.path)/part.png"
        let source = tiny.examples[0].imagePath
        try ImageBuffer(contentsOf: source).cropped(x: 3, y: 2, width: 11, height: 9).write(toPNG: path)
        let whole = try loader.features(of: [source], model).floats()
        let part = try loader.features(of: [PicturePart(path: source, region: region)], model).floats()
        #expect(try part == loader.features(of: [path], model).floats() && part != whole)
        #expect(
            try loader.pixels(of: [PicturePart(path: source, region: region)], on: model.backend).floats()
                == loader.pixels(of: [path], on: model.backend).floats())
        // A second look is answered from the cache, each part by its own features.
        let misses = loader.cache.misses
        let both = try loader.features(
            of: [PicturePart(path: source), PicturePart(path: source, region: region)], model
        ).floats()
        #expect(both == whole + part && loader.cache.misses == misses)
    }

    /// A model that has learned to find one box in everything that it sees.
    @Test("boxes of tiles lie where the tiles are, and those of one object are merged")
    func merging() throws {
        let tiny = try TinyRun()
        let model = try tiny.model(.everything)
        var arguments = tiny.arguments
        (arguments.numTrainEpochs, arguments.perDeviceTrainBatchSize) = (60, 2)
        arguments.gradientAccumulationSteps = 1
        let example = tiny.examples[0]
        _ = try Trainer(model, tiny.processor, examples: [example, example], loader: tiny.loader(), arguments).run()
        let query = DetectionQuery(example, classes: ["card"])
        let detector = Detector(model, tiny.processor, tiny.loader())
        let tiles = try #require(TileGrid(rows: 1, columns: 2, overlap: 0.2))
        let parts =
            [query]
            + tiles.regions(width: query.width, height: query.height).map { region in
                var part = query
                (part.width, part.height, part.region) = (region.width, region.height, region)
                return part
            }
        let alone = try detector.answers(to: parts)
        let expected = zip(alone, parts).flatMap { answer, part in
            answer.detections.boxes.map { $0.moved(x: Double(part.region?.x ?? 0), y: Double(part.region?.y ?? 0)) }
        }
        #expect(expected.count >= 3)
        detector.tiles = tiles
        detector.merging = TileMerging(rule: .nms, threshold: 1)
        let all = try #require(try detector.answers(to: [query]).first)
        #expect(all.detections.boxes == expected && all.isEnded && all.objects.count == expected.count)
        #expect(all.detections.confidences?.count == expected.count)
        detector.merging = TileMerging(rule: .ios, threshold: 0.01)
        let merged = try #require(try detector.answers(to: [query]).first)
        #expect(merged.detections.count < expected.count && merged.objects.count == merged.detections.count)
        #expect(try detector.answers(to: [query], shouldStop: { true }).isEmpty)
    }
}
