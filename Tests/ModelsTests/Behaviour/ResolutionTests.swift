import CPUBackend
import Foundation
import JSON
import Models
import Tensors
import TestSupport
import Testing

@Suite("A model reads pictures at another resolution")
struct ResolutionTests {
    private struct Positions: Decodable {
        let mode: String
        let side: Int, new: Int, size: Int
        let table: [Float], made: [Float]
    }

    @Test("position embeddings are interpolated as torch does")
    func interpolation() throws {
        let file = Folders.fixtures.appendingPathComponent("optimize/positions.json")
        let cases = try JSONDecoder().decode([Positions].self, from: Data(contentsOf: file))
        #expect(cases.count == 12)
        for item in cases {
            let interpolation = try #require(PositionInterpolation(rawValue: item.mode))
            let made = interpolation.resized(item.table, side: item.side, size: item.size, to: item.new)
            // float32 sums of sixteen products, in another order than torch's vectors add them.
            expectClose(made, item.made, relative: 1e-5, absolute: 2e-6, "\(item.mode) \(item.side) to \(item.new)")
        }
    }

    private func model(imageSize: Int? = nil, on backend: any Backend) throws -> PaliGemma {
        try PaliGemma(
            folder: Fixture.path("models/pg2-tiny"), elementType: .float32, imageSize: imageSize, backend: backend)
    }

    private func features(_ model: PaliGemma) throws -> [Float] {
        let side = model.configuration.vision.imageSize
        var stream = RandomStream(seed: 1, purpose: "pixels")
        let pixels = (0..<3 * side * side).map { _ in Float(stream.uniform(-1..<1)) }
        return try model.imageFeatures(Tensor(pixels, shape: [1, 3, side, side], on: model.backend)).floats()
    }

    @Test("loading at a size, and changing a loaded model to it, give the same; what is saved opens at that size")
    func sizes() throws {
        let backend = try CPUBackend()
        let plain = try model(on: backend)
        let vision = plain.configuration.vision
        let size = vision.imageSize + 2 * vision.patchSize
        let loaded = try model(imageSize: size, on: backend)
        #expect(loaded.configuration.vision.patchCount == (size / vision.patchSize) * (size / vision.patchSize))
        let before = try plain.weightBytes()
        let changed = try plain.resized(toImageSize: size)
        #expect(try features(loaded) == features(changed))
        #expect(try plain.weightBytes() == before)
        let folder = try ScratchFolder()
        try changed.save(folder: folder.path)
        let again = try PaliGemma(folder: folder.path, elementType: .float32, backend: backend)
        #expect(again.configuration.vision.imageSize == size)
        #expect(try features(again) == features(changed))
    }

    @Test("the same size changes nothing, and odd sizes are refused")
    func bounds() throws {
        let backend = try CPUBackend()
        let plain = try model(on: backend)
        let side = plain.configuration.vision.imageSize
        #expect(try features(plain.resized(toImageSize: side)) == features(plain))
        for size in [0, 1, side + 1, 1 << 20] {
            #expect(throws: ModelError.self) { try plain.resized(toImageSize: size) }
            #expect(throws: ModelError.self) { try model(imageSize: size, on: backend) }
        }
    }

    @Test("adapter and freezing come along, and training the new model leaves the old one alone")
    func adapter() throws {
        let backend = try CPUBackend()
        let plain = try model(on: backend)
        let size = plain.configuration.vision.imageSize + plain.configuration.vision.patchSize
        try plain.attach(AdapterConfiguration(r: 2, targetModules: .suffixes(["q_proj"])), seed: 3)
        let changed = try plain.resized(toImageSize: size)
        #expect(changed.adapter == plain.adapter)
        #expect(changed.parameters.trainable.map(\.name) == plain.parameters.trainable.map(\.name))
        let name = try #require(plain.parameters.trainable.first).name
        let (old, new) = (try #require(plain.parameters[name]), try #require(changed.parameters[name]))
        #expect(try old.value.readBytes() == new.value.readBytes())
        let frozen = try #require(changed.parameters["language_model.model.norm.weight"])
        let bytes = try frozen.value.readBytes()
        try frozen.makeWritable()
        try backend.scale(ScaleCall(input: frozen.value, factor: 2, output: frozen.value))
        #expect(try plain.parameters[frozen.name]?.value.readBytes() == bytes)
    }
}
