/// The outlines that are printed on cards, drawn for this generator.
///
/// Letters and digits are 100 high from top to baseline; suits and ornaments fill a square of 100.
enum CardSymbols {
    /// An outline made of overlapping parts, and how wide it is.
    struct Symbol {
        let parts: [VectorPath]
        let width: Double

        init(width: Double, _ parts: [VectorPath]) {
            self.parts = parts
            self.width = width
        }

        init(width: Double, outlines: String...) {
            self.init(width: width, outlines.map { VectorPath($0) })
        }
    }

    /// The suit's sign.
    static func suit(_ suit: PlayingCard.Suit) -> Symbol {
        switch suit {
        case .clubs: clubs
        case .diamonds: diamonds
        case .hearts: hearts
        case .spades: spades
        }
    }

    /// The letters of the rank's index.
    static func letters(_ rank: PlayingCard.Rank) -> [Symbol] {
        switch rank {
        case .ace: [a]
        case .nine: [nine]
        case .ten: [one, zero]
        case .jack: [j]
        case .queen: [q]
        case .king: [k]
        }
    }

    private static let hearts = Symbol(
        width: 100,
        outlines: "M 50 98 C 22 70 1 50 1 29 C 1 11 14 1 27 1 C 38 1 46 8 50 19 C 54 8 62 1 73 1 C 86 1 99 11 99 29 "
            + "C 99 50 78 70 50 98 Z")
    private static let diamonds = Symbol(
        width: 100,
        outlines: "M 50 0 C 60 19 72 35 89 50 C 72 65 60 81 50 100 C 40 81 28 65 11 50 C 28 35 40 19 50 0 Z")
    private static let spades = Symbol(
        width: 100,
        outlines: "M 50 0 C 60 20 98 40 98 64 C 98 79 87 87 76 87 C 66 87 58 82 54 74 C 55 86 59 95 68 100 L 32 100 "
            + "C 41 95 45 86 46 74 C 42 82 34 87 24 87 C 13 87 2 79 2 64 C 2 40 40 20 50 0 Z")
    private static let clubs = Symbol(
        width: 100,
        [
            .ellipse(Point(50, 23), Point(22, 22)), .ellipse(Point(23, 60), Point(22, 22)),
            .ellipse(Point(77, 60), Point(22, 22)), .ellipse(Point(50, 49), Point(16, 16)),
            VectorPath("M 45 55 L 55 55 C 55 80 60 94 69 100 L 31 100 C 40 94 45 80 45 55 Z"),
        ])

    private static let a = Symbol(
        width: 102, outlines: "M 45 0 L 56 0 L 24 93 L 12 93 Z", "M 42 0 L 61 0 L 92 93 L 67 93 Z",
        "M 26 59 L 74 59 L 74 70 L 22 70 Z", "M 1 91 L 37 91 L 37 100 L 1 100 Z",
        "M 55 91 L 101 91 L 101 100 L 55 100 Z")
    private static let k = Symbol(
        width: 104, outlines: "M 12 0 L 36 0 L 36 100 L 12 100 Z", "M 1 0 L 47 0 L 47 9 L 1 9 Z",
        "M 1 91 L 47 91 L 47 100 L 1 100 Z", "M 71 5 L 85 5 L 38 64 L 30 56 Z", "M 60 0 L 98 0 L 98 9 L 60 9 Z",
        "M 40 52 L 57 34 L 98 94 L 69 94 Z", "M 60 91 L 103 91 L 103 100 L 60 100 Z")
    private static let j = Symbol(
        width: 68, outlines: "M 32 0 L 56 0 L 56 78 L 32 78 Z", "M 19 0 L 68 0 L 68 9 L 19 9 Z",
        "M 56 66 C 57 92 42 103 22 102 C 8 101 0 93 0 84 C 0 76 6 70 13 70 C 21 70 26 76 25 83 C 24 88 23 91 26 92 "
            + "C 31 92 32 86 32 70 Z")
    private static let q = Symbol(
        width: 98,
        [
            .ellipse(Point(49, 50), Point(48, 51)).without(.ellipse(Point(49, 50), Point(24, 42))),
            VectorPath(
                "M 40 72 C 58 68 66 76 72 90 C 76 100 84 104 95 102 L 95 112 C 76 119 62 116 55 104 C 49 92 46 80 36 82 Z"
            ),
        ])
    private static let one = Symbol(
        width: 56, outlines: "M 18 2 L 40 0 L 40 100 L 16 100 L 16 20 Z", "M 0 12 L 28 0 L 30 14 L 2 22 Z",
        "M 2 91 L 55 91 L 55 100 L 2 100 Z")
    private static let zero = Symbol(
        width: 72, [VectorPath.ellipse(Point(36, 50), Point(36, 51)).without(.ellipse(Point(36, 50), Point(13, 42)))])
    private static let nine = Symbol(
        width: 72,
        [
            .ellipse(Point(36, 33), Point(36, 34)).without(.ellipse(Point(35, 32), Point(13, 24))),
            VectorPath(
                "M 72 31 C 75 74 54 104 18 101 C 8 100 3 95 3 88 C 3 81 8 77 14 77 C 21 77 24 81 25 86 C 26 91 28 93 32 92 "
                    + "C 44 90 50 72 49 44 Z"),
        ])

    /// The ornament over a court card's letter, 100 wide and 60 high.
    static func crown(_ rank: PlayingCard.Rank) -> [VectorPath] {
        switch rank {
        case .king:
            [
                VectorPath("M 4 60 L 0 18 L 25 38 L 50 6 L 75 38 L 100 18 L 96 60 Z"),
                .rectangle(47...53, -10...12), .rectangle(41...59, -4...2),
            ]
        case .queen:
            [
                VectorPath(
                    "M 8 60 C 4 44 0 32 0 20 C 12 34 22 36 28 22 C 34 36 44 34 50 8 C 56 34 66 36 72 22 C 78 36 88 34 100 20 "
                        + "C 100 32 96 44 92 60 Z"),
                .ellipse(Point(50, 3), Point(6, 6)), .ellipse(Point(2, 16), Point(5, 5)),
                .ellipse(Point(98, 16), Point(5, 5)),
            ]
        default:
            [
                VectorPath("M 6 60 C 0 34 30 22 54 26 C 80 30 96 42 94 60 Z"),
                VectorPath("M 56 30 C 66 6 84 -6 104 -8 C 100 14 86 30 62 38 Z"),
            ]
        }
    }
}
