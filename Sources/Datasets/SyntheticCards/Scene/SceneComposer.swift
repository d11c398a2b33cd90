import Detection
import Tensors

/// A card on the table, as the camera sees it.
struct PlacedCard {
    let card: PlayingCard
    let style: CardStyle
    /// From the card's face (unit square) to pixels of the picture.
    let view: Perspective
    /// What the card's outline spans, in pixels.
    let box: Box
}

/// Lays cards on a table: big, a little turned and tilted, hardly over each other.
struct SceneComposer {
    let side: Double

    /// Boxes may share at most this part of the smaller one.
    private static let largestOverlap = 0.1
    /// Tries at one size before cards become smaller.
    private static let triesPerSize = 40

    /// How many cards a picture shows: one to five, mostly one to three.
    static func cardCount(_ random: inout RandomStream) -> Int {
        switch random.uniform() {
        case ..<0.3: 1
        case ..<0.66: 2
        case ..<0.9: 3
        case ..<0.97: 4
        default: 5
        }
    }

    /// Places all cards; those that come later lie over earlier ones.
    func place(_ cards: [PlayingCard], _ random: inout RandomStream) -> [PlacedCard] {
        let style = CardStyle(&random)
        let sizes =
            switch cards.count {
            case ...2: 0.4..<0.6
            case 3: 0.38..<0.5
            case 4: 0.33..<0.42
            default: 0.3..<0.38
            }
        var height = random.uniform(sizes)
        while true {
            for _ in 0..<Self.triesPerSize {
                if let placed = attempt(cards, style: style, height: height, &random) { return placed }
            }
            height *= 0.95
        }
    }

    /// One try at placing all cards, or nil where one found no room.
    private func attempt(
        _ cards: [PlayingCard], style: CardStyle, height: Double, _ random: inout RandomStream
    ) -> [PlacedCard]? {
        var placed: [PlacedCard] = []
        for card in cards {
            var next: PlacedCard?
            for _ in 0..<12 where next == nil {
                let candidate = view(of: card, style: style, height: height, &random)
                if isInside(candidate.box), placed.allSatisfy({ isApart($0.box, candidate.box) }) { next = candidate }
            }
            guard let next else { return nil }
            placed.append(next)
        }
        return placed
    }

    /// A card somewhere on the table.
    private func view(
        of card: PlayingCard, style: CardStyle, height: Double, _ random: inout RandomStream
    ) -> PlacedCard {
        let pixels = height * side * random.uniform(0.92..<1.08)
        let size = Point(pixels * style.aspect, pixels)
        let center = Point(random.uniform(0.1..<0.9), random.uniform(0.1..<0.9)) * side
        let isUpsideDown = random.uniform() < 0.08
        let angle = random.normal() * 0.3 + (isUpsideDown ? 3.14159265 : 0)
        let flat = AffineMap(center: center, size: size, angle: angle)
        let corners = [Point(0, 0), Point(1, 0), Point(1, 1), Point(0, 1)].map { corner in
            flat(corner) + Point(random.normal(), random.normal()) * 0.02 * pixels
        }
        let view = Perspective(corners: corners)
        let outline = style.outline.mapped { view($0) }.polygons.joined()
        let box = Box(
            xMin: outline.map(\.x).min() ?? 0, yMin: outline.map(\.y).min() ?? 0,
            xMax: outline.map(\.x).max() ?? 0, yMax: outline.map(\.y).max() ?? 0)
        return PlacedCard(card: card, style: style, view: view, box: box)
    }

    private func isInside(_ box: Box) -> Bool {
        let margin = 0.006 * side
        return box.xMin > margin && box.yMin > margin && box.xMax < side - margin && box.yMax < side - margin
    }

    private func isApart(_ one: Box, _ other: Box) -> Bool {
        one.intersection(other) <= Self.largestOverlap * min(one.area, other.area)
    }
}

extension CardStyle {
    /// The card's outline in the unit square, corners rounded.
    var outline: VectorPath {
        .rectangle(0...1, 0...1, radius: Point(cornerRadius / aspect, cornerRadius))
    }
}
