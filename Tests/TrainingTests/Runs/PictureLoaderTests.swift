import Images
import Models
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("Pictures become features, each once")
struct PictureLoaderTests {
    @Test("kept features, features of a batch and features alone have the same bits")
    func sameBits() throws {
        let tiny = try TinyRun()
        let model = try tiny.model()
        let paths = tiny.examples.map(\.imagePath)
        let loader = tiny.loader()
        let together = try loader.features(of: paths, model).floats()
        #expect(together.count == 6 * 4 * 16)
        #expect(try loader.features(of: paths, model).floats() == together)
        #expect(loader.cache.hits == 6)
        let alone = try paths.flatMap { try tiny.loader().features(of: [$0], model).floats() }
        #expect(alone == together)
        // Some kept, some not, one twice.
        let mixed = tiny.loader()
        _ = try mixed.features(of: [paths[1]], model)
        let found = try mixed.features(of: [paths[0], paths[1], paths[0]], model).floats()
        #expect(found == Array(together[0..<64]) + Array(together[64..<128]) + Array(together[0..<64]))
    }

    @Test("a picture that changes on the disk is read again")
    func changed() throws {
        let tiny = try TinyRun()
        let (model, loader, path) = (try tiny.model(), tiny.loader(), tiny.examples[0].imagePath)
        let before = try loader.features(of: [path], model).floats()
        try ImageBuffer(width: 9, height: 9, fill: Color(red: 9, green: 99, blue: 199)).write(toPNG: path)
        #expect(try loader.features(of: [path], model).floats() != before)
    }

    @Test("a missing picture is an error that names it")
    func missing() throws {
        let tiny = try TinyRun()
        let model = try tiny.model()
        let error = #expect(throws: TrainingError.self) {
            try tiny.loader().features(of: [tiny.folder.path + "/none.png"], model)
        }
        #expect(try #require(error).description.contains("none.png"))
    }

    @Test("features that other weights made are not used")
    func otherWeights() throws {
        let tiny = try TinyRun()
        let (loader, paths) = (tiny.loader(), tiny.examples.map(\.imagePath))
        let first = try loader.features(of: paths, tiny.model()).floats()
        let other = try tiny.model()
        let bias = try #require(other.parameters["multi_modal_projector.linear.bias"])
        bias.value = try .filled(1, shape: bias.shape, .float32, on: other.backend)
        let second = try loader.features(of: paths, other).floats()
        #expect(second != first)
        #expect(try tiny.loader().features(of: paths, other).floats() == second)
    }
}
