import Tensors

/// What an object shows, before it lies anywhere.
struct ObjectDesign {
    var kind: SceneObject.Kind
    /// The glyph that it shows, by number; a symbol alone shows none.
    var glyph: Int?
    /// The symbol that it shows, by number.
    var symbol: Int?
    /// The number of the printing ink.
    var ink: Int
    /// The number of the ground's color, for tiles.
    var ground: Int?
    /// Width over height.
    var aspect: Double
    var face = 0
    /// The second drawing of a symbol or not.
    var drawing = 0
    /// How wide letters are, over their usual width.
    var squeeze = 1.0
    var inkColor = Ink(0, 0, 0)
    var groundColor = Ink(255, 255, 255)
    var card: CardDesign?
}

/// How a card is laid out. Lengths are over its height.
struct CardDesign {
    /// What stands in the middle.
    enum Center {
        case empty
        case symbol(height: Double)
        case ornateSymbol(height: Double)
        case pips(Int, height: Double)
        case letter(height: Double, isFramed: Bool)
        case court(figure: Int)
    }

    var cornerRadius: Double
    var outline: Double
    var indexHeight: Double
    /// How many corners say what the card is.
    var indexCount: Int
    var indexMargin: Double
    var center: Center
    /// Triangles printed over the middle, as art.
    var triangles: [(corners: [SIMD2<Double>], color: Ink)] = []
}

extension ObjectDesign {
    /// Draws a design of a kind at random.
    init(_ kind: SceneObject.Kind, _ library: SceneLibrary, _ random: inout RandomStream) {
        switch kind {
        case .symbol: self = .bareSymbol(library, &random)
        case .glyph: self = .bareGlyph(library, &random)
        case .tile: self = .tile(library, &random)
        case .card: self = random.uniform() < 0.5 ? .printedCard(library, &random) : .freeCard(library, &random)
        }
    }

    private static func plain(_ kind: SceneObject.Kind, _ library: SceneLibrary, _ random: inout RandomStream) -> Self {
        let ink = random.integer(below: SceneWords.inks.count)
        var design = ObjectDesign(kind: kind, ink: ink, aspect: 1)
        design.inkColor = SceneWords.inkColors[ink].varied(by: 22, &random)
        design.face = random.integer(below: library.masks.glyphs.count)
        design.drawing = random.integer(below: 2)
        design.squeeze = random.uniform(0.72..<1.12)
        return design
    }

    private static func bareSymbol(_ library: SceneLibrary, _ random: inout RandomStream) -> Self {
        var design = plain(.symbol, library, &random)
        design.symbol = anySymbol(&random, suits: 0.3)
        design.aspect = library.mask(of: design).aspect
        return design
    }

    private static func bareGlyph(_ library: SceneLibrary, _ random: inout RandomStream) -> Self {
        var design = plain(.glyph, library, &random)
        design.glyph = random.integer(below: SceneWords.glyphs.count)
        design.aspect = library.mask(of: design).aspect * design.squeeze
        return design
    }

    private static func tile(_ library: SceneLibrary, _ random: inout RandomStream) -> Self {
        var design = plain(.tile, library, &random)
        let ground = random.integer(below: SceneWords.inks.count)
        design.ground = ground
        design.groundColor = SceneWords.inkColors[ground].varied(by: 22, &random)
        while abs(design.inkColor.lightness - design.groundColor.lightness) < 60 {
            design.ink = random.integer(below: SceneWords.inks.count)
            design.inkColor = SceneWords.inkColors[design.ink].varied(by: 22, &random)
        }
        if random.uniform() < 0.5 {
            design.glyph = random.integer(below: SceneWords.glyphs.count)
        } else {
            design.symbol = anySymbol(&random, suits: 0.3)
        }
        design.aspect = random.uniform(0.8..<1.25)
        return design
    }

    /// A symbol: a suit with the probability `suits`, else any.
    private static func anySymbol(_ random: inout RandomStream, suits: Double) -> Int {
        random.uniform() < suits
            ? random.integer(below: SceneWords.suitCount) : random.integer(below: SceneWords.symbols.count)
    }

    /// A card as no deck has it: any glyph with any symbol in any ink on any paper.
    private static func freeCard(_ library: SceneLibrary, _ random: inout RandomStream) -> Self {
        var design = plain(.card, library, &random)
        design.aspect = random.uniform(0.62..<0.78)
        design.glyph = random.integer(below: SceneWords.glyphs.count)
        design.symbol = anySymbol(&random, suits: 0.45)
        if random.uniform() < 0.6 {
            design.ink = random.uniform() < 0.5 ? SceneWords.red : SceneWords.black
            design.inkColor = SceneWords.inkColors[design.ink].varied(by: 22, &random)
        }
        design.groundColor =
            random.uniform() < 0.8 ? Ink(246, 245, 242).varied(by: 9, &random) : Ink(anyOf: &random)
        if abs(design.inkColor.lightness - design.groundColor.lightness) < 60 {
            design.groundColor = design.inkColor.lightness > 128 ? Ink(40, 40, 52) : Ink(246, 245, 242)
        }
        var card = CardDesign(paper: &random)
        card.indexHeight = random.uniform(0.13..<0.24)
        card.indexCount = random.uniform() < 0.87 ? 2 : 1
        let choice = random.uniform()
        if choice < 0.45 {
            card.center = .symbol(height: random.uniform(0.25..<0.48))
        } else if choice < 0.72, let number = SceneWords.number(ofGlyph: design.glyph ?? 0), number > 0 {
            card.center = .pips(number, height: random.uniform(0.1..<0.15))
        } else if choice < 0.92 {
            card.center = .letter(height: random.uniform(0.28..<0.45), isFramed: random.uniform() < 0.5)
        } else {
            card.center = .empty
        }
        if random.uniform() < 0.12 { card.addTriangles(aspect: design.aspect, &random) }
        design.card = card
        return design
    }

    /// A card as decks have it: rank and suit, red or black, the usual pips, pictures on court cards.
    private static func printedCard(_ library: SceneLibrary, _ random: inout RandomStream) -> Self {
        var design = plain(.card, library, &random)
        design.aspect = random.uniform(0.67..<0.74)
        let ranks = ["A", "J", "Q", "K", "10", "9", "A", "J", "Q", "K", "10", "9", "2", "3", "4", "5", "6", "7", "8"]
        let rank = ranks[random.integer(below: ranks.count)]
        design.glyph = SceneWords.glyph(rank)
        let suit = random.integer(below: SceneWords.suitCount)
        design.symbol = suit
        design.ink = suit == 1 || suit == 2 ? SceneWords.red : SceneWords.black
        design.inkColor = SceneWords.inkColors[design.ink].varied(by: 16, &random)
        design.groundColor = Ink(249, 248, 246).varied(by: 6, &random)
        design.squeeze = random.uniform(0.6..<1)
        var card = CardDesign(paper: &random)
        card.indexHeight = random.uniform(0.095..<0.19)
        card.indexMargin = random.uniform(0.03..<0.055)
        let isCourt = library.courts.figures(ofGlyph: design.glyph ?? 0) != nil
        if isCourt, random.uniform() < 0.8 {
            card.center = .court(figure: random.integer(below: 1000))
        } else if isCourt {
            card.center =
                random.uniform() < 0.6
                ? .letter(height: random.uniform(0.28..<0.4), isFramed: random.uniform() < 0.7)
                : .symbol(height: random.uniform(0.25..<0.42))
        } else if rank == "A" {
            let isOrnate = suit == 3 && random.uniform() < 0.5
            card.center =
                isOrnate
                ? .ornateSymbol(height: random.uniform(0.35..<0.5)) : .symbol(height: random.uniform(0.15..<0.34))
        } else {
            card.center = .pips(SceneWords.number(ofGlyph: design.glyph ?? 0) ?? 1, height: random.uniform(0.13..<0.2))
        }
        design.card = card
        return design
    }
}

extension CardDesign {
    /// What cards have in common.
    fileprivate init(paper random: inout RandomStream) {
        cornerRadius = random.uniform(0.03..<0.08)
        outline = random.uniform() < 0.4 ? random.uniform(0.004..<0.012) : 0
        (indexHeight, indexCount, indexMargin) = (0.15, 2, 0.045)
        center = .empty
    }

    fileprivate mutating func addTriangles(aspect: Double, _ random: inout RandomStream) {
        for _ in 0..<2 + random.integer(below: 7) {
            let middle = SIMD2(random.uniform(0.25..<0.75) * aspect, random.uniform(0.25..<0.75))
            let corners = [0.0, 2.1, 4.2].map { angle in
                let turn = Turn(angle + random.uniform(0..<1.5))
                return middle + turn(SIMD2(random.uniform(0.04..<0.16), 0))
            }
            triangles.append((corners, Ink(anyOf: &random)))
        }
    }
}
