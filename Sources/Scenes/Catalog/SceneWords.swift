/// What can be drawn, by number, and the words for it.
///
/// The words are never those of a data set of playing cards, so that fine-tuning has names to learn.
package enum SceneWords {
    /// What stands for a glyph in a card's or tile's name, by number: the letters themselves, and made-up digits.
    package static let glyphs: [String] = letters + digits

    /// The text that is drawn for each glyph.
    static let glyphTexts: [String] = letters + (0...10).map(String.init)

    /// The words of the symbols, by number; the first four are suits.
    package static let symbols = [
        "clover", "rhomb", "love", "leaf", "disc", "box", "triangle", "star", "ring", "plus", "hexagon", "moon",
        "arrow",
        "bolt", "note", "sun", "tick", "cloud", "umbrella", "phone", "snowflake", "flower", "scissors", "plane", "mail",
        "pencil", "horse", "tower", "pawn", "anchor", "skull", "cup",
    ]

    /// The words of the inks, by number.
    package static let inks = [
        "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "gray", "cyan",
    ]

    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".map { String($0) }
    private static let digits = [
        "nul", "uno", "duo", "tri", "tetra", "penta", "sexta", "septa", "octa", "nona", "deca",
    ]

    /// The number of the glyph that shows a letter or a number from 0 to 10.
    static func glyph(_ text: String) -> Int { glyphTexts.firstIndex(of: text) ?? 0 }

    /// The number that a glyph shows, if it is one.
    static func number(ofGlyph glyph: Int) -> Int? { glyph < letters.count ? nil : glyph - letters.count }

    /// How many symbols are suits.
    static let suitCount = 4

    /// The color of each ink before it is varied.
    static let inkColors: [Ink] = [
        Ink(205, 32, 44), Ink(236, 124, 24), Ink(240, 208, 40), Ink(36, 140, 62), Ink(36, 82, 190), Ink(120, 48, 150),
        Ink(240, 130, 170), Ink(116, 72, 38), Ink(22, 22, 26), Ink(246, 246, 244), Ink(132, 134, 138),
        Ink(50, 190, 206),
    ]

    static let (red, yellow, blue, black, white, gray) = (0, 2, 4, 8, 9, 10)
}
