import Detection
import Dispatch
import Scenes
import Synchronization
import Tensors
import Testing

@Suite struct SceneGeneratorTests {
    static let generator = Result { try SceneGenerator(seed: 5) }

    @Test("a picture is the same from any artist, whatever it drew before, and on any thread")
    func repeatable() throws {
        let generator = try Self.generator.get()
        let artist = generator.makeArtist()
        let expected = (0..<12).map { artist.scene(UInt64($0)) }
        let found = Mutex<[Int: Scene]>([:])
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            let artist = generator.makeArtist()
            for number in (0..<3).map({ 11 - $0 - 3 * thread }) {
                let scene = artist.scene(UInt64(number))
                found.withLock { $0[number] = scene }
            }
        }
        let all = found.withLock { $0 }
        for (number, scene) in expected.enumerated() { #expect(all[number] == scene, "picture \(number)") }
        #expect(Set(expected.map(\.pixels)).count == expected.count)
        #expect(try SceneGenerator(seed: 6).makeArtist().scene(0) != expected[0])
    }

    @Test("boxes lie in the picture, and patches belong to objects whose boxes they lie in")
    func labels() throws {
        let generator = try Self.generator.get()
        let artist = generator.makeArtist()
        var kinds: Set<SceneObject.Kind> = []
        var owned = 0
        for number in 100..<160 {
            let scene = artist.scene(UInt64(number))
            #expect(scene.pixels.count == 224 * 224 * 3 && scene.patchOwners.count == 256)
            for object in scene.objects {
                kinds.insert(object.kind)
                #expect(object.box.xMin >= 0 && object.box.yMin >= 0, "picture \(number)")
                #expect(object.box.xMax <= 224 && object.box.yMax <= 224, "picture \(number)")
                #expect(object.box.width >= 4 && object.box.height >= 4, "picture \(number)")
            }
            for (patch, owner) in scene.patchOwners.enumerated() where owner > 0 {
                let object = try #require(scene.objects.dropFirst(Int(owner) - 1).first)
                let (x, y) = (Double(patch % 16) * 14 + 7.5, Double(patch / 16) * 14 + 7.5)
                let lies = object.box.xMin <= x && x <= object.box.xMax && object.box.yMin <= y && y <= object.box.yMax
                #expect(lies, "picture \(number), patch \(patch)")
                owned += 1
            }
        }
        #expect(kinds == Set(SceneObject.Kind.allCases))
        #expect(owned > 1000)
    }

    @Test("the first stage shows one or two large objects")
    func firstStage() throws {
        let artist = try Self.generator.get().makeArtist()
        for number in 0..<40 {
            let scene = artist.scene(UInt64(number), stage: .large)
            #expect(scene.objects.count <= 2)
            for object in scene.objects { #expect(max(object.box.width, object.box.height) > 20, "\(number)") }
        }
    }

    @Test("sides that are no multiple of the patch, or too large, are refused", arguments: [223, 0, 1400])
    func sides(side: Int) {
        #expect(throws: SceneError.side(side)) { try SceneGenerator(seed: 0, side: side) }
    }
}
