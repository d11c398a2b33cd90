import CScenes
import Detection
import Images
import Tensors

/// Draws scenes on memory of its own; belongs to one thread.
package final class SceneArtist {
    let generator: SceneGenerator
    let picture: Layer
    private let print: Layer
    private let painter: ObjectPainter
    private var backgroundPainter = BackgroundPainter()
    private var scratch: [UInt8]

    init(_ generator: SceneGenerator) {
        self.generator = generator
        picture = Layer(width: generator.side, height: generator.side)
        print = Layer(width: 8, height: 8)
        painter = ObjectPainter(library: generator.library)
        scratch = [UInt8](repeating: 0, count: generator.side * generator.side * 4)
    }

    /// The scene of a number.
    package func scene(_ number: UInt64, stage: SceneStage = .all) -> Scene {
        var random = RandomStream(seed: generator.seed, purpose: "scene", step: number)
        let camera = SceneCamera(side: Double(generator.side), stage, &random)
        layBackground(number, &random)
        addClutter(&random)
        var layout = SceneLayout(camera, generator.library, stage, &random)
        let light = SceneLight(side: Double(generator.side), stage, &random)
        let objects = layout.place(&random).enumerated().compactMap { index, object in
            draw(object, owner: index + 1, light, &random)
        }
        if stage == .all { addOccluders(objects.map(\.object.box), light, &random) }
        light.apply(to: picture, cards: objects.filter { $0.object.kind == .card }.map(\.object.box), &random)
        let pixels = develop(&random)
        return Scene(
            side: generator.side, pixels: pixels, objects: objects.map(\.object),
            patchOwners: patchOwners(objects.map(\.owner)))
    }

    /// Whose each patch's center is, as places from 1 in the list of objects that are there: some fell outside.
    private func patchOwners(_ present: [Int]) -> [UInt8] {
        let (side, patch) = (generator.side, generator.patchSize)
        return stride(from: patch / 2, to: side, by: patch).flatMap { y in
            stride(from: patch / 2, to: side, by: patch).map { x in
                UInt8((present.firstIndex(of: Int(picture.owner(x: x, y: y))) ?? -1) + 1)
            }
        }
    }

    private func draw(
        _ placed: PlacedObject, owner: Int, _ light: SceneLight, _ random: inout RandomStream
    ) -> (owner: Int, object: SceneObject)? {
        let design = readable(placed, &random)
        let hasShadow = random.uniform() < (placed.design.card != nil ? 0.75 : 0.3)
        let isFlat = placed.design.kind == .card || placed.design.kind == .tile
        if hasShadow && isFlat {
            let (offset, softness) = (light.shadowOffset(&random), random.uniform(1..<7))
            let strength = random.uniform(0.15..<0.6)
            let gain = 1 - strength
            picture.shade(
                placed.corners.map { $0 + offset }, softness: softness, red: gain, green: gain, blue: gain)
        }
        painter.paint(design, height: placed.printHeight, on: print)
        let box = picture.place(
            print.view, into: placed.framedCorners, gain: random.uniform(0.8..<1.03), owner: owner)
        guard let box, box.right - box.left >= 4, box.bottom - box.top >= 4 else { return nil }
        let object = SceneObject(
            kind: design.kind, glyph: design.glyph, symbol: design.symbol, ink: design.ink, ground: design.ground,
            box: Box(
                xMin: Double(box.left), yMin: Double(box.top), xMax: Double(box.right), yMax: Double(box.bottom)))
        return (owner, object)
    }

    /// The design in an ink that can be told from what is below, where it stands on no ground of its own.
    private func readable(_ placed: PlacedObject, _ random: inout RandomStream) -> ObjectDesign {
        var design = placed.design
        guard design.kind == .symbol || design.kind == .glyph else { return design }
        let steps = [0.2, 0.5, 0.8]
        let places = steps.flatMap { v in
            steps.map { u in
                let (upper, lower) = (placed.corners[0], placed.corners[3])
                let left = upper + (lower - upper) * v
                return left + (placed.corners[1] - upper) * u
            }
        }
        guard let below = picture.meanColor(at: places) else { return design }
        for _ in 0..<8 where design.inkColor.distance(to: below) < 150 {
            design.ink = random.integer(below: SceneWords.inks.count)
            design.inkColor = SceneWords.inkColors[design.ink].varied(by: 22, &random)
        }
        return design
    }

    private func layBackground(_ number: UInt64, _ random: inout RandomStream) {
        let place = random.integer(below: BackgroundBank.count)
        let texture = generator.backgrounds.background(place, forPicture: number, painter: &backgroundPainter)
        let side = Double(generator.side)
        let middle = Place(side / 2, side / 2)
        // The background reaches over the picture by as much as it is turned and moved.
        let isTurned = random.uniform() < 0.3
        let turn = Turn(isTurned ? random.uniform(0..<6.28) : 1.5708 * Double(random.integer(below: 4)))
        let scale = isTurned ? random.uniform(1.45..<1.9) : random.uniform(1.02..<1.7)
        let half = side / 2 * scale
        let room = isTurned ? 0 : half - side / 2 - 2
        let center = middle + Place(random.uniform(-1..<1), random.uniform(-1..<1)) * max(room, 0)
        let mirror = random.uniform() < 0.5 ? -1.0 : 1.0
        let corners = [Place(-1, -1), Place(1, -1), Place(1, 1), Place(-1, 1)].map { corner in
            center + turn(Place(corner.x * mirror, corner.y) * half)
        }
        let gain = random.uniform(0.8..<1.25)
        texture.withView { picture.lay($0, into: corners, gain: gain) }
    }

    /// Blurs, compresses and exposes the picture as cameras do, and adds their noise.
    private func develop(_ random: inout RandomStream) -> [UInt8] {
        let blur = random.uniform()
        if blur < 0.3 {
            let weight = Int32(random.uniform(20..<85))
            for step in blur < 0.08 ? [(1, 1), (1, 1)] : [(1, 0), (0, 1)] {
                cscenes_blur(picture.view, Int32(step.0), Int32(step.1), weight, &scratch)
            }
        }
        let tables = Exposure(&random).tables
        let amplitude = random.uniform() < 0.6 ? random.uniform(0..<0.08) * 127.5 / SensorNoise.deviation * 256 : 0
        let start = random.integer(below: SensorNoise.period)
        let count = generator.side * generator.side * 3
        let pixels = SensorNoise.shared.values.withUnsafeBufferPointer { noise in
            [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                cscenes_finish(
                    picture.view, tables, noise.baseAddress.map { $0 + start }, Int32(amplitude), buffer.baseAddress)
                filled = count
            }
        }
        guard random.uniform() < 0.12 else { return pixels }
        return compressed(pixels, quality: 40 + random.integer(below: 51))
    }

    /// The pixels after they were written to a JPEG file and read again.
    private func compressed(_ pixels: [UInt8], quality: Int) -> [UInt8] {
        let image = try? ImageBuffer(width: generator.side, height: generator.side, pixels: pixels)
        guard let bytes = try? image?.jpegBytes(quality: quality),
            let read = try? ImageBuffer(decoding: bytes, name: "scene")
        else {
            return pixels
        }
        return read.pixels
    }
}
