/// Reads location text the project's own way: every character of a name is kept, every rejected piece is reported.
struct LocationTextReader {
    private let tokens: [Token]

    /// Splits text into tokens.
    init(_ text: String) {
        tokens = Self.tokenize(Array(text.unicodeScalars))
    }

    /// The boxes and the rejected pieces, in the order of the text.
    func readings() -> [LocationReading] {
        var readings: [LocationReading] = []
        var piece = Piece()
        for token in tokens {
            switch token {
            case .location, .malformedLocation:
                if piece.hasName {
                    piece.finish(into: &readings)
                }
                piece.add(token)
            case .separator, .end:
                piece.finish(into: &readings)
            case .segment, .text:
                piece.add(token)
            }
        }
        piece.finish(into: &readings)
        return readings
    }
}

extension LocationTextReader {
    /// A part of location text that means one thing.
    private enum Token {
        case location(Int)
        case malformedLocation(String)
        case segment(String)
        case separator
        case end
        case text(Unicode.Scalar)
    }

    private static func tokenize(_ scalars: [Unicode.Scalar]) -> [Token] {
        var tokens: [Token] = []
        var position = 0
        while position < scalars.count {
            if scalars[position] == ";" {
                tokens.append(.separator)
                position += 1
            } else if let (token, length) = bracketed(scalars[position...]) {
                tokens.append(token)
                position += length
            } else {
                tokens.append(.text(scalars[position]))
                position += 1
            }
        }
        return tokens
    }

    /// A token in angle brackets at the start of `scalars`, with its length, or nil where there is none.
    private static func bracketed(_ scalars: ArraySlice<Unicode.Scalar>) -> (Token, Int)? {
        let longestToken = 12
        guard scalars.first == "<", let close = scalars.prefix(longestToken).firstIndex(of: ">") else { return nil }
        let inside = String(String.UnicodeScalarView(scalars[scalars.startIndex + 1..<close]))
        let length = close - scalars.startIndex + 1
        if inside == "eos" || inside == "pad" {
            return (.end, length)
        }
        if inside.hasPrefix("seg"), number(inside.dropFirst(3), digits: 3) != nil {
            return (.segment("<\(inside)>"), length)
        }
        guard inside.hasPrefix("loc") else { return nil }
        if let value = number(inside.dropFirst(3), digits: 4), value < LocationText.locationCount {
            return (.location(value), length)
        }
        return (.malformedLocation("<\(inside)>"), length)
    }

    private static func number(_ text: Substring, digits: Int) -> Int? {
        guard text.utf8.count == digits, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}

extension LocationTextReader {
    /// Text between two separators, gathered until it is known what it is.
    private struct Piece {
        private var locations: [Int] = []
        private var tokenCount = 0
        private var malformed: String?
        private var name = String.UnicodeScalarView()
        private var text = String.UnicodeScalarView()

        /// Whether text that is not blank has been seen.
        var hasName: Bool { name.contains { !$0.properties.isWhitespace } }

        mutating func add(_ token: Token) {
            switch token {
            case .location(let value):
                text.append(contentsOf: "<loc\(LocationText.padded(value))>".unicodeScalars)
                locations.append(value)
                tokenCount += 1
            case .malformedLocation(let written):
                text.append(contentsOf: written.unicodeScalars)
                malformed = malformed ?? written
                tokenCount += 1
            case .segment(let written):
                text.append(contentsOf: written.unicodeScalars)
            case .text(let scalar):
                text.append(scalar)
                name.append(scalar)
            case .separator, .end:
                break
            }
        }

        /// Ends the piece: a box, a rejection, or nothing where it is blank.
        mutating func finish(into readings: inout [LocationReading]) {
            defer { self = Piece() }
            let whole = String(text).trimmed
            guard !whole.isEmpty else { return }
            let name = String(name).trimmed
            if let reason = reasonToReject(name: name) {
                readings.append(.rejected(RejectedDetection(text: whole, reason: reason)))
            } else {
                readings.append(.box(locations: locations, name: name, text: whole))
            }
        }

        private func reasonToReject(name: String) -> RejectedDetection.Reason? {
            if tokenCount == 0 { return .noLocations }
            if let malformed { return .malformedLocation(malformed) }
            if tokenCount != 4 { return .locationCount(tokenCount) }
            return name.isEmpty ? .noName : nil
        }
    }
}

extension String {
    /// The text without white space at its ends.
    var trimmed: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }
}
