import CPUBackend
import CUDABackend
import CUDATestSupport
import Foundation
import Images
import Models
import Tensors
import TestSupport
import Testing

@Suite struct SampleAnswersTests {
    @Test("the sample model reads a picture on a GPU, run by the emulator, as on a processor")
    func answers() throws {
        let folder = Folders.samples.appendingPathComponent("tiny-paligemma2").path
        let image = try ImageBuffer(contentsOf: Folders.samples.appendingPathComponent("cards/test_000.jpg").path)
        let prompts = ["detect card", "detect K love card ; Q rhomb card ; nona rhomb card"]
        func answers(on backend: any Backend) throws -> [String] {
            let model = try PaliGemma(folder: folder, elementType: .float32, backend: backend)
            let processor = try PaliGemmaProcessor(folder: folder, configuration: model.configuration)
            let pixels = try processor.pixels.tensor(of: [image, image], on: backend)
            var options = GenerationOptions(endIDs: [processor.specialIDs.end])
            options.maxNewTokens = 40
            return try model.generate(
                processor.batch(prefixes: prompts), features: model.imageFeatures(pixels), options
            ).ids.map { processor.text(of: $0) }
        }
        let expected = try answers(on: CPUBackend())
        #expect(expected[0].hasSuffix(" card") && expected[1].contains("Q rhomb card"))
        #expect(try answers(on: CUDABackend(EmulatedCUDA.options())) == expected)
    }
}
