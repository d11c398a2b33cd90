import Datasets
import Detection
import Images
import Tensors
import Testing

@Suite("Boxes move with what they are drawn around")
struct PictureChangeTests {
    private static let size = PixelSize(width: 61, height: 43)
    private static let ink = Color(rgb: 0xff0000)

    /// A grey picture with a red rectangle, and the box around it.
    private func marked(_ stream: inout RandomStream) throws -> (ImageBuffer, Box) {
        let (width, height) = (6 + stream.integer(below: 20), 6 + stream.integer(below: 15))
        let x = stream.integer(below: Self.size.width - width + 1)
        let y = stream.integer(below: Self.size.height - height + 1)
        var pixels = [UInt8](repeating: 90, count: Self.size.width * Self.size.height * 3)
        for row in y..<y + height {
            for column in x..<x + width {
                let at = (row * Self.size.width + column) * 3
                (pixels[at], pixels[at + 1], pixels[at + 2]) = (255, 0, 0)
            }
        }
        let image = try ImageBuffer(width: Self.size.width, height: Self.size.height, pixels: pixels)
        return (image, Box(xMin: Double(x), yMin: Double(y), xMax: Double(x + width), yMax: Double(y + height)))
    }

    /// The smallest box around the red pixels, nil where there are none.
    private func redBox(_ image: ImageBuffer) -> Box? {
        var found: Box?
        for y in 0..<image.height {
            for x in 0..<image.width where image[x, y].isRed {
                let pixel = Box(xMin: Double(x), yMin: Double(y), xMax: Double(x + 1), yMax: Double(y + 1))
                found = Box(
                    xMin: min(found?.xMin ?? pixel.xMin, pixel.xMin), yMin: min(found?.yMin ?? pixel.yMin, pixel.yMin),
                    xMax: max(found?.xMax ?? pixel.xMax, pixel.xMax), yMax: max(found?.yMax ?? pixel.yMax, pixel.yMax))
            }
        }
        return found
    }

    /// A change of a kind, with random measures that fit the picture.
    private func change(_ kind: Int, _ size: PixelSize, _ stream: inout RandomStream) -> PictureChange {
        switch kind {
        case 0: return .mirror
        case 1: return .flip
        case 2: return .turn(quarters: 1 + stream.integer(below: 3))
        case 3:
            let (width, height) = (size.width / 2 + stream.integer(below: size.width / 2), size.height / 2 + 5)
            return .crop(
                PixelRegion(
                    x: stream.integer(below: size.width - width + 1),
                    y: stream.integer(below: size.height - height + 1),
                    width: width, height: height))
        case 4:
            return .pad(
                left: stream.integer(below: 9), top: stream.integer(below: 9), right: stream.integer(below: 9),
                bottom: stream.integer(below: 9))
        case 5: return .resize(width: size.width + 20 + stream.integer(below: 40), height: size.height * 2)
        case 6: return .contrast(stream.uniform(0.8..<1.5))
        case 7: return .brightness(stream.uniform(0.85..<1.1))
        default: return .sharpness(stream.uniform(0.8..<2))
        }
    }

    /// A resize mixes colors over a pixel or two at an edge, so a red edge may lie off by as much.
    private func expectMoved(_ steps: [PictureChange], _ image: ImageBuffer, _ box: Box) throws {
        let changes = PictureChanges(steps)
        let found = changes.applied(
            to: Detections(boxes: [box], classIDs: [0], classNames: ["mark"]), in: Self.size)
        let made = try changes.applied(to: image)
        guard let red = redBox(made) else { return #expect(found.isEmpty, "\(steps)") }
        // Where less than half of it is left, it is left out, though some of it is still seen.
        guard let moved = found.boxes.first else { return #expect(isCropped(steps), "\(steps)") }
        let resizes = steps.contains { if case .resize = $0 { true } else { false } }
        for (edge, expected) in [
            (moved.xMin, red.xMin), (moved.yMin, red.yMin), (moved.xMax, red.xMax), (moved.yMax, red.yMax),
        ] {
            #expect(abs(edge - expected) <= (resizes ? 2.5 : 1e-9), "\(steps): \(moved) around \(red)")
        }
    }

    private func isCropped(_ steps: [PictureChange]) -> Bool {
        steps.contains { if case .crop = $0 { true } else { false } }
    }

    @Test("under each change", arguments: 0..<9)
    func single(_ kind: Int) throws {
        var stream = RandomStream(seed: 11, purpose: "marker", step: UInt64(kind))
        for _ in 0..<25 {
            let (image, box) = try marked(&stream)
            try expectMoved([change(kind, Self.size, &stream)], image, box)
        }
    }

    @Test("under several changes, one after the other")
    func several() throws {
        var stream = RandomStream(seed: 12, purpose: "marker")
        for _ in 0..<60 {
            let (image, box) = try marked(&stream)
            var (steps, size) = ([PictureChange](), Self.size)
            for _ in 0..<3 {
                let next = change(stream.integer(below: 6), size, &stream)
                // One resize: each adds to what edges may lie off.
                if case .resize = next, steps.contains(where: { if case .resize = $0 { true } else { false } }) {
                    continue
                }
                steps.append(next)
                size = next.size(after: size)
            }
            try expectMoved(steps, image, box)
        }
    }

    @Test("the size after a change is that of the picture")
    func sizes() throws {
        var stream = RandomStream(seed: 13, purpose: "marker")
        let (image, _) = try marked(&stream)
        for kind in 0..<9 {
            let change = change(kind, Self.size, &stream)
            let made = try change.applied(to: image)
            #expect(change.size(after: Self.size) == PixelSize(width: made.width, height: made.height))
        }
    }

    @Test("what is cut off to less than half is left out, the rest is cut at the edge")
    func cutting() {
        let found = Detections(
            boxes: [
                Box(xMin: 0, yMin: 0, xMax: 10, yMax: 10), Box(xMin: 6, yMin: 0, xMax: 16, yMax: 10),
                Box(xMin: 40, yMin: 0, xMax: 50, yMax: 10),
            ], classIDs: [0, 1, 2], classNames: ["a", "b", "c"])
        let crop = PictureChanges([.crop(PixelRegion(x: 8, y: 0, width: 30, height: 43))])
        let kept = crop.applied(to: found, in: Self.size)
        #expect(kept.classNames == ["b"])
        #expect(kept.boxes == [Box(xMin: 0, yMin: 0, xMax: 8, yMax: 10)])
    }
}

extension Color {
    /// Far from what a margin's mean color can be: a mark covers less than seven tenths of any part that is cut out.
    fileprivate var isRed: Bool { Int(red) - Int(green) > 180 && Int(red) - Int(blue) > 180 }
}
