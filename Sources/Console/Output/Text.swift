/// A line or paragraph of output: words, and quantities that keep their type.
///
///     let line: Text = "\(count) images in \(.duration(seconds))"
package struct Text: Sendable, Equatable, ExpressibleByStringInterpolation {
    /// A run of text of one kind.
    package enum Span: Sendable, Equatable {
        /// Words as they are.
        case plain(String)
        /// Words a terminal may show in a style.
        case styled(String, TextStyle)
        /// A typed value.
        case quantity(Quantity)
    }

    /// The runs from left to right.
    package var spans: [Span]

    /// Words as they are.
    package init(_ text: String) { spans = [.plain(text)] }

    /// Words in a style.
    package init(_ text: String, style: TextStyle) { spans = [.styled(text, style)] }

    /// One typed value.
    package init(_ quantity: Quantity) { spans = [.quantity(quantity)] }

    package init(stringLiteral value: String) { self.init(value) }

    package init(stringInterpolation: Interpolation) { spans = stringInterpolation.spans }

    /// Collects the parts of `"\(...)"`.
    package struct Interpolation: StringInterpolationProtocol {
        var spans: [Span] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            spans.reserveCapacity(2 * interpolationCount + 1)
        }

        package mutating func appendLiteral(_ literal: String) {
            if !literal.isEmpty { spans.append(.plain(literal)) }
        }

        /// A whole number, compared exactly.
        package mutating func appendInterpolation(_ value: Int) { spans.append(.quantity(.integer(value))) }

        /// A typed value.
        package mutating func appendInterpolation(_ value: Quantity) { spans.append(.quantity(value)) }

        /// A number with digits and, if a replay may differ, a tolerance.
        package mutating func appendInterpolation(
            _ value: Double, _ style: NumberStyle, tolerance: Tolerance? = nil
        ) {
            spans.append(.quantity(.number(value, style, tolerance: tolerance)))
        }

        /// Words as they are.
        package mutating func appendInterpolation(_ value: String) { spans.append(.plain(value)) }

        /// Another text.
        package mutating func appendInterpolation(_ value: Text) { spans += value.spans }

        /// Anything that describes itself.
        package mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            spans.append(.plain(value.description))
        }
    }

    /// Texts one after the other.
    package static func + (first: Text, second: Text) -> Text {
        var sum = first
        sum.spans += second.spans
        return sum
    }

    /// The text without types and styles, as a person sees it.
    package var shown: String { spans.map(\.shown).joined() }

    /// The text of a recorded session.
    package var recorded: String { spans.map(\.recorded).joined() }

    /// The only quantity, when the text is nothing else.
    package var quantity: Quantity? {
        guard spans.count == 1, case .quantity(let quantity) = spans[0] else { return nil }
        return quantity
    }
}

/// How a terminal may set words apart.
package enum TextStyle: Sendable, Equatable {
    /// A heading.
    case strong
    /// Less important.
    case faint
    /// Good news.
    case good
    /// Something to look at.
    case warning
    /// Something that failed.
    case bad
}

extension Text.Span {
    /// What a person sees.
    package var shown: String {
        switch self {
        case .plain(let text), .styled(let text, _): text
        case .quantity(let quantity): quantity.shown
        }
    }

    /// What a recorded session holds.
    package var recorded: String {
        switch self {
        case .plain(let text), .styled(let text, _): text
        case .quantity(let quantity): quantity.recorded
        }
    }
}
