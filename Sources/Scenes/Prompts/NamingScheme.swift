import Tensors

/// How the objects of one prompt are called: by what they show, by color, or by both.
struct NamingScheme {
    private enum Card {
        case full, glyph, symbol, plain
    }

    private let card: Card
    /// Whether bare glyphs and symbols are called with their color, and tiles by it.
    private let colorsGlyphs, colorsSymbols, colorsTiles: Bool

    init(_ random: inout RandomStream) {
        let share = random.uniform()
        card = share < 0.62 ? .full : share < 0.82 ? .glyph : share < 0.92 ? .symbol : .plain
        colorsGlyphs = random.uniform() < 0.5
        colorsSymbols = random.uniform() < 0.5
        colorsTiles = random.uniform() < 0.5
    }

    /// What an object is called.
    func name(of traits: SceneTraits) -> String {
        let (glyphs, symbols, inks) = (SceneWords.glyphs, SceneWords.symbols, SceneWords.inks)
        let glyph = traits.glyph.map { glyphs[$0] }
        let symbol = traits.symbol.map { symbols[$0] }
        switch traits.kind {
        case .card:
            switch card {
            case .full: return [glyph, symbol, "card"].compactMap { $0 }.joined(separator: " ")
            case .glyph: return "\(glyph ?? "") card"
            case .symbol: return "\(symbol ?? "") card"
            case .plain: return "card"
            }
        case .symbol: return (colorsSymbols ? "\(inks[traits.ink]) " : "") + (symbol ?? "")
        case .glyph: return (colorsGlyphs ? "\(inks[traits.ink]) " : "") + (glyph ?? "")
        case .tile: return "\(colorsTiles ? traits.ground.map { inks[$0] } ?? "" : glyph ?? symbol ?? "") tile"
        }
    }
}

/// What a name can speak of.
struct SceneTraits {
    var kind: SceneObject.Kind
    var glyph, symbol: Int?
    var ink: Int
    var ground: Int?

    init(_ object: SceneObject) {
        (kind, glyph, symbol) = (object.kind, object.glyph, object.symbol)
        (ink, ground) = (object.ink, object.ground)
    }

    /// An object that could be there, of a kind of its own.
    init(anyOf random: inout RandomStream) {
        let share = random.uniform()
        kind = share < 0.5 ? .card : share < 0.72 ? .symbol : share < 0.88 ? .glyph : .tile
        let showsGlyph = kind == .card || kind == .glyph || (kind == .tile && random.uniform() < 0.5)
        glyph = showsGlyph ? random.integer(below: SceneWords.glyphs.count) : nil
        symbol = nil
        if kind == .card || !showsGlyph {
            let isSuit = random.uniform() < 0.5
            symbol = random.integer(below: isSuit ? SceneWords.suitCount : SceneWords.symbols.count)
        }
        ink = random.integer(below: SceneWords.inks.count)
        ground = kind == .tile ? random.integer(below: SceneWords.inks.count) : nil
    }

    /// Changes one thing.
    func changed(_ random: inout RandomStream) -> SceneTraits {
        var result = self
        let choice = random.uniform()
        if kind == .tile, choice < 0.5 {
            result.ground = random.integer(below: SceneWords.inks.count)
        } else if glyph != nil, symbol == nil || choice < 0.6 {
            if kind != .glyph || choice < 0.5 {
                result.glyph = random.integer(below: SceneWords.glyphs.count)
            } else {
                result.ink = random.integer(below: SceneWords.inks.count)
            }
        } else if symbol != nil {
            if kind == .symbol, choice < 0.5 {
                result.ink = random.integer(below: SceneWords.inks.count)
            } else {
                let bound = kind == .card && random.uniform() < 0.7 ? SceneWords.suitCount : SceneWords.symbols.count
                result.symbol = random.integer(below: bound)
            }
        }
        return result
    }
}
