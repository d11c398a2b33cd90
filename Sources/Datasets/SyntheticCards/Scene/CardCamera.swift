import Detection
import Images
import Tensors

/// Takes pictures of cards on a table.
struct CardCamera {
    /// Width and height of a picture, in pixels.
    let side: Int

    /// Each pixel of a card is the mean of this many samples squared.
    private static let samplesAcross = 4

    /// A picture and where its cards are.
    func picture(of cards: [PlayingCard], _ random: inout RandomStream) throws(ImageError) -> (ImageBuffer, Detections)
    {
        let tables = Tabletop.allCases
        var scene = tables[random.integer(below: tables.count)].painted(side: side, &random)
        Clutter.scatter(on: &scene, &random)
        let light = Light(&random)
        let placed = SceneComposer(side: Double(side)).place(cards, &random)
        for card in placed {
            light.castShadow(of: card, on: &scene)
            lay(card, on: &scene, brightness: Float(random.uniform(0.93..<1.0)))
        }
        light.shine(on: &scene)
        let grain = RandomKey(seed: UInt64(random.next32()), purpose: "grain")
        let strength = Float(random.uniform(1.5..<5))
        let image = try scene.image { place in
            let word = RandomStream.words(grain, at: UInt64(place / 4))[place % 4]
            return (Float(word >> 16) - Float(word & 0xFFFF)) / 65536 * strength
        }
        let detections = Detections(
            boxes: placed.map(\.box), classIDs: placed.map { _ in nil }, classNames: placed.map(\.card.name))
        return (image, detections)
    }

    /// Draws a card's face through its view, with a thin edge that catches the light.
    private func lay(_ placed: PlacedCard, on scene: inout Raster, brightness: Float) {
        let face = CardArtist(style: placed.style).print(placed.card)
        let back = placed.view.inverse
        let corner = Point(placed.style.cornerRadius / placed.style.aspect, placed.style.cornerRadius)
        let across = Self.samplesAcross
        let rows = max(Int(placed.box.yMin), 0)...min(Int(placed.box.yMax), side - 1)
        let columns = max(Int(placed.box.xMin), 0)...min(Int(placed.box.xMax), side - 1)
        for row in rows {
            for column in columns {
                var (sum, hits) = (Ink.zero, Float(0))
                for sample in 0..<across * across {
                    let place = Point(
                        Double(column) + (Double(sample % across) + 0.5) / Double(across),
                        Double(row) + (Double(sample / across) + 0.5) / Double(across))
                    guard let ink = Self.sample(face, at: back(place), corner: corner) else { continue }
                    sum += ink
                    hits += 1
                }
                guard hits > 0 else { continue }
                let below = scene.pixels[row * side + column]
                let share = hits / Float(across * across)
                scene.pixels[row * side + column] = below + (sum / hits * brightness - below) * share
            }
        }
    }

    /// The print at a place of the unit square, or nil outside the card's rounded outline.
    private static func sample(_ face: Raster, at place: Point, corner: Point) -> Ink? {
        guard place.x >= 0, place.x < 1, place.y >= 0, place.y < 1 else { return nil }
        let fromEdge = Point(min(place.x, 1 - place.x), min(place.y, 1 - place.y))
        let fromCenter = (corner - fromEdge) / corner
        if fromCenter.x > 0, fromCenter.y > 0, (fromCenter * fromCenter).sum() > 1 { return nil }
        let column = Int(place.x * Double(face.width))
        let row = Int(place.y * Double(face.height))
        let isEdge = min(fromEdge.x * Double(face.width), fromEdge.y * Double(face.height)) < 2.2
        return face.pixels[row * face.width + column] * (isEdge ? 0.8 : 1)
    }
}
