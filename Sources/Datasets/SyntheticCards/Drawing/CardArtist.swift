import Tensors

/// How one printed card looks: what differs between decks.
struct CardStyle {
    /// The width of a card over its height.
    let aspect: Double
    /// Corner radius over the card's height.
    let cornerRadius: Double
    let paper: Ink
    let red: Ink
    let black: Ink
    /// Height of the corner's letters over the card's height.
    let indexHeight: Double
    /// Whether the middle of court cards is framed and ornamented.
    let hasFrame: Bool
    /// Height of a court card's letter over the card's height.
    let courtHeight: Double

    /// Draws a style at random.
    init(_ random: inout RandomStream) {
        func shade(_ center: Ink, _ spread: Double) -> Ink {
            Ink(
                center.x + Float(random.uniform(-spread..<spread)), center.y + Float(random.uniform(-spread..<spread)),
                center.z + Float(random.uniform(-spread..<spread)))
        }
        aspect = random.uniform(0.68..<0.73)
        cornerRadius = random.uniform(0.03..<0.06)
        paper = shade(Ink(0.965, 0.96, 0.945), 0.015)
        red = shade(Ink(0.78, 0.07, 0.1), 0.04)
        black = shade(Ink(0.07, 0.07, 0.09), 0.02)
        indexHeight = random.uniform(0.145..<0.17)
        hasFrame = random.uniform() < 0.6
        courtHeight = random.uniform(0.3..<0.36)
    }
}

/// Prints cards flat, as they lie before a camera.
struct CardArtist {
    let style: CardStyle
    /// Height of the print in pixels; the width follows from the style.
    static let printHeight = 400

    /// The print of a card's face; its corners are not cut.
    func print(_ card: PlayingCard) -> Raster {
        let height = Self.printHeight
        let width = Int((Double(height) * style.aspect).rounded())
        var raster = Raster(width: width, height: height, fill: style.paper)
        let ink = card.suit.isRed ? style.red : style.black
        for isUpsideDown in [false, true] {
            index(card, ink, isUpsideDown: isUpsideDown, on: &raster)
        }
        switch card.rank {
        case .ace: suit(card.suit, at: Point(style.aspect / 2, 0.5), height: 0.3, ink, on: &raster)
        case .nine, .ten: pips(card, ink, on: &raster)
        case .jack, .queen, .king: court(card, ink, on: &raster)
        }
        return raster
    }
}

extension CardArtist {
    private static let unit = Double(printHeight)

    /// The letters in a corner, with the suit below them.
    private func index(_ card: PlayingCard, _ ink: Ink, isUpsideDown: Bool, on raster: inout Raster) {
        let size = style.indexHeight
        let column = 0.05 + 0.43 * size
        letters(
            card.rank, at: Point(column, 0.045 + size / 2), height: size, widest: 0.93 * size,
            ink, isUpsideDown: isUpsideDown, on: &raster)
        suit(
            card.suit, at: Point(column, 0.065 + size + 0.4 * size), height: 0.8 * size, ink,
            isUpsideDown: isUpsideDown, on: &raster)
    }

    /// The rank's letters, centred; squeezed where they are wider than `widest`. All lengths are over the card's height.
    private func letters(
        _ rank: PlayingCard.Rank, at center: Point, height: Double, widest: Double, _ ink: Ink,
        isUpsideDown: Bool = false, on raster: inout Raster
    ) {
        let symbols = CardSymbols.letters(rank)
        let spacing = 6.0
        let total = symbols.reduce(-spacing) { $0 + $1.width + spacing }
        let squeeze = min(1, widest / (total / 100 * height))
        var left = -total / 2
        for symbol in symbols {
            for part in symbol.parts {
                let placed = part.mapped { point in
                    center + Point((left + point.x) * squeeze, point.y - 50) / 100 * height
                }
                fill(placed, ink, isUpsideDown: isUpsideDown, on: &raster)
            }
            left += symbol.width + spacing
        }
    }

    private func suit(
        _ suit: PlayingCard.Suit, at center: Point, height: Double, _ ink: Ink, isUpsideDown: Bool = false,
        on raster: inout Raster
    ) {
        for part in CardSymbols.suit(suit).parts {
            let placed = part.mapped { center + (($0 - 50) / 100) * height }
            fill(placed, ink, isUpsideDown: isUpsideDown, on: &raster)
        }
    }

    /// Fills an outline given in heights of the card; x runs from the left edge, or from the right one upside down.
    private func fill(
        _ path: VectorPath, _ ink: Ink, opacity: Float = 1, isUpsideDown: Bool = false, on raster: inout Raster
    ) {
        let end = Point(Double(raster.width), Double(raster.height))
        raster.fill(path.mapped { isUpsideDown ? end - $0 * Self.unit : $0 * Self.unit }, ink, opacity: opacity)
    }

    /// The usual pattern of nine or ten signs; those of the lower half stand on their heads.
    private func pips(_ card: PlayingCard, _ ink: Ink, on raster: inout Raster) {
        let middle = style.aspect / 2
        let columns = [middle - 0.115, middle + 0.115]
        var places = [0.17, 0.39].flatMap { y in columns.map { Point($0, y) } }
        if card.rank == .ten { places.append(Point(middle, 0.28)) }
        for place in places {
            for isUpsideDown in [false, true] {
                suit(card.suit, at: place, height: 0.115, ink, isUpsideDown: isUpsideDown, on: &raster)
            }
        }
        if card.rank == .nine { suit(card.suit, at: Point(middle, 0.5), height: 0.115, ink, on: &raster) }
    }

    /// A court card: its letter, large, in a frame with a crown above and below, or alone.
    private func court(_ card: PlayingCard, _ ink: Ink, on raster: inout Raster) {
        let middle = style.aspect / 2
        if style.hasFrame {
            let gold = Ink(0.87, 0.68, 0.2)
            let half = Point(style.aspect * 0.255, 0.335)
            let frame = { (inset: Double) in
                VectorPath.rectangle(
                    middle - half.x + inset...middle + half.x - inset, 0.5 - half.y + inset...0.5 + half.y - inset)
            }
            fill(frame(0), gold, opacity: 0.1, on: &raster)
            fill(frame(0).without(frame(0.006)), ink, on: &raster)
            fill(frame(0.016).without(frame(0.019)), gold, on: &raster)
            for isUpsideDown in [false, true] {
                for part in CardSymbols.crown(card.rank) {
                    let placed = part.mapped { Point(middle, 0.235) + ($0 - Point(50, 30)) / 100 * 0.16 }
                    fill(placed, gold, isUpsideDown: isUpsideDown, on: &raster)
                }
            }
        }
        letters(
            card.rank, at: Point(middle, 0.5), height: style.courtHeight * (style.hasFrame ? 0.92 : 1),
            widest: style.aspect * 0.5, ink, on: &raster)
    }
}
