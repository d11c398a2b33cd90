/// What a playing card shows.
package struct PlayingCard: Sendable, Hashable {
    /// The value of a card; the ranks that the generator can draw.
    package enum Rank: String, Sendable, CaseIterable {
        case ace, nine = "9", ten = "10", jack, queen, king
    }

    /// The symbol of a card.
    package enum Suit: String, Sendable, CaseIterable {
        case clubs, diamonds, hearts, spades

        /// Whether the suit is printed in red.
        var isRed: Bool { self == .diamonds || self == .hearts }
    }

    /// The value.
    package let rank: Rank
    /// The symbol.
    package let suit: Suit

    /// The class name, as in `10 of clubs`.
    package var name: String { "\(rank.rawValue) of \(suit.rawValue)" }

    /// The nine cards of the sample set, in alphabetical order of their names.
    package static let sampleClasses: [PlayingCard] = [
        PlayingCard(rank: .ten, suit: .clubs), PlayingCard(rank: .nine, suit: .diamonds),
        PlayingCard(rank: .ace, suit: .hearts), PlayingCard(rank: .ace, suit: .spades),
        PlayingCard(rank: .jack, suit: .clubs), PlayingCard(rank: .king, suit: .hearts),
        PlayingCard(rank: .king, suit: .spades), PlayingCard(rank: .queen, suit: .diamonds),
        PlayingCard(rank: .queen, suit: .hearts),
    ]
}
