import Detection
import Scenes
import Tensors
import Testing

@Suite struct PromptWriterTests {
    @Test("what is asked for and there is answered with all its boxes, and nothing else is")
    func answers() throws {
        let artist = try SceneGeneratorTests.generator.get().makeArtist()
        var (copies, empty, absent, complete) = (0, 0, 0, 0)
        for number in 0..<300 {
            let scene = artist.scene(UInt64(number % 60))
            var random = RandomStream(seed: 9, purpose: "prompt", step: UInt64(number))
            let prompt = PromptWriter.prompt(for: scene, &random) { _ in true }
            guard !prompt.prefix.hasPrefix("say ") else {
                #expect(prompt.prefix == "say " + prompt.suffix)
                copies += 1
                continue
            }
            let asked = LocationText.classes(inPrefix: prompt.prefix)
            #expect(!asked.isEmpty && Set(asked).count == asked.count)
            let found = LocationText.parse(prompt.suffix, imageWidth: 224, imageHeight: 224)
            #expect(found.rejected.isEmpty)
            let names = found.detections.classNames
            #expect(Set(names).isSubset(of: Set(asked)), "\(prompt)")
            #expect(names.count <= scene.objects.count)
            for (name, box) in zip(names, found.detections.boxes) {
                #expect(scene.objects.contains { $0.box.iou(box) > 0.8 }, "\(name) in \(prompt)")
            }
            absent += Set(asked).subtracting(names).isEmpty ? 0 : 1
            empty += names.isEmpty ? 1 : 0
            complete += names.count == scene.objects.count ? 1 : 0
        }
        #expect(copies > 3 && copies < 30)
        #expect(empty > 2 && empty < 60)
        #expect(absent > 150)
        #expect(complete > 150)
    }

    @Test("a prompt is shortened until it fits")
    func limits() throws {
        let artist = try SceneGeneratorTests.generator.get().makeArtist()
        for number in 0..<100 {
            let scene = artist.scene(UInt64(number % 30))
            var random = RandomStream(seed: 10, purpose: "prompt", step: UInt64(number))
            let prompt = PromptWriter.prompt(for: scene, &random) { $0.prefix.count + $0.suffix.count < 90 }
            let count = prompt.prefix.count + prompt.suffix.count
            let isSmallest = LocationText.classes(inPrefix: prompt.prefix).count <= 1
            #expect(count < 90 || isSmallest || prompt.prefix.hasPrefix("say "))
        }
    }
}
