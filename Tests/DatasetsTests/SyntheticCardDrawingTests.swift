import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite("Drawing cards")
struct SyntheticCardDrawingTests {
    @Test("a turn agrees with the system's sine and cosine")
    func rotation() {
        for angle in stride(from: -7.0, through: 7, by: 0.013) {
            let turn = Rotation(angle)
            #expect(abs(turn.cosine - cos(angle)) < 1e-9)
            #expect(abs(turn.sine - sin(angle)) < 1e-9)
        }
    }

    @Test("a perspective view puts corners where they belong, and leads back")
    func perspective() {
        let corners = [Point(10, 20), Point(90, 25), Point(80, 110), Point(5, 95)]
        let view = Perspective(corners: corners)
        for (corner, place) in zip([Point(0, 0), Point(1, 0), Point(1, 1), Point(0, 1)], corners) {
            let away = view(corner) - place
            #expect((away * away).sum() < 1e-18)
        }
        for place in [Point(0.5, 0.5), Point(0.1, 0.9), Point(0.7, 0.3)] {
            let away = view.inverse(view(place)) - place
            #expect((away * away).sum() < 1e-18)
        }
    }

    @Test(
        "filled outlines cover their area",
        arguments: [
            ("disc", VectorPath.ellipse(Point(50, 50), Point(30, 30)), Double.pi * 900),
            ("rectangle", VectorPath.rectangle(10.25...40.5, 10...20), 302.5),
            (
                "round corners", VectorPath.rectangle(10...60, 10...60, radius: Point(10, 10)),
                2500 - (4 - Double.pi) * 100
            ),
            (
                "hole", VectorPath.rectangle(10...60, 10...60).without(.ellipse(Point(35, 35), Point(10, 10))),
                2500 - Double.pi * 100
            ),
            ("cut by the edge", VectorPath.rectangle(-50...10, 90...200), 100),
            ("triangle", VectorPath("M 10 10 L 50 10 L 10 50 Z"), 800),
            ("outside", VectorPath.rectangle(110...120, 10...20), 0),
        ])
    func areas(_ name: String, _ path: VectorPath, _ area: Double) {
        var raster = Raster(width: 100, height: 100, fill: .zero)
        raster.fill(path, Ink(repeating: 1))
        let covered = raster.pixels.reduce(0) { $0 + Double($1.x) }
        #expect(abs(covered - area) < 0.004 * area + 0.001, "\(covered) for \(area)")
    }

    @Test("hills stay between -1 and 1 and join smoothly")
    func hills() {
        var random = RandomStream(seed: 1, purpose: "test")
        let noise = ValueNoise(&random)
        for step in -2000..<2000 {
            let (x, y) = (Double(step) * 0.021, Double(step) * -0.013)
            #expect(abs(noise(x, y)) <= 1)
            #expect(abs(noise(x, y) - noise(x + 1e-4, y)) < 1e-3)
        }
    }

    /// Every sample card, printed once in the same style.
    private static let prints: [(card: PlayingCard, pixels: [Ink])] = {
        var random = RandomStream(seed: 5, purpose: "test")
        let artist = CardArtist(style: CardStyle(&random))
        return PlayingCard.sampleClasses.map { ($0, artist.print($0).pixels) }
    }()

    @Test("cards are black or red by suit, and differ from one another", arguments: PlayingCard.sampleClasses.indices)
    func faces(_ place: Int) {
        let (card, pixels) = Self.prints[place]
        let redPixels = pixels.count { $0.x > 0.6 && $0.y < 0.3 }
        let blackPixels = pixels.count { $0.x < 0.3 }
        #expect(max(redPixels, blackPixels) > pixels.count / 50)
        #expect(card.suit.isRed ? redPixels > blackPixels : blackPixels > redPixels)
        for (other, otherPixels) in Self.prints[..<place] {
            let differing = zip(pixels, otherPixels).count { $0 != $1 }
            #expect(differing > pixels.count / 200, "\(card.name) and \(other.name)")
        }
    }
}
