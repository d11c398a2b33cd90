import CCanvas

extension Canvas {
    /// How thick letters are.
    package enum FontWeight: Sendable {
        /// As in running text.
        case regular
        /// Thick.
        case bold
    }

    /// Which letters. Chinese, Japanese and Korean come from one font of their own in either family.
    package enum FontFamily: Sendable {
        /// DejaVu Sans.
        case sans
        /// DejaVu Serif, which is always bold here.
        case serif
    }

    /// Which point of a text's box lies at the given place.
    package enum Anchor: Sendable, CaseIterable {
        /// The upper left corner.
        case topLeading
        /// The middle of the upper side.
        case top
        /// The upper right corner.
        case topTrailing
        /// The middle of the left side.
        case leading
        /// The middle.
        case center
        /// The middle of the right side.
        case trailing
        /// The lower left corner.
        case bottomLeading
        /// The middle of the lower side.
        case bottom
        /// The lower right corner.
        case bottomTrailing

        /// The share of the width that lies left of the point.
        var across: Double {
            switch self {
            case .topLeading, .leading, .bottomLeading: 0
            case .top, .center, .bottom: 0.5
            case .topTrailing, .trailing, .bottomTrailing: 1
            }
        }

        /// The share of the height that lies above the point.
        var down: Double {
            switch self {
            case .topLeading, .top, .topTrailing: 0
            case .leading, .center, .trailing: 0.5
            case .bottomLeading, .bottom, .bottomTrailing: 1
            }
        }
    }

    /// Whether the program's own fonts could be loaded; without them text measures 0 and draws nothing.
    package static var hasFonts: Bool { ccanvas_has_fonts() }

    /// Draws text in any script; line feeds begin new lines.
    ///
    /// - Parameters:
    ///   - text: what to write.
    ///   - x: where the anchor lies, in pixels from the left.
    ///   - y: where the anchor lies, in pixels from the top.
    ///   - size: the font's size in pixels.
    ///   - color: the letters' color.
    ///   - weight: how thick the letters are.
    ///   - family: which letters.
    ///   - anchor: the point of the text's box that lies at (x, y).
    ///   - rotation: turned about that point, clockwise by radians.
    ///   - widest: longer lines are cut short with an ellipsis.
    package func drawText(
        _ text: String, x: Double, y: Double, size: Double, color: Color, weight: FontWeight = .regular,
        family: FontFamily = .sans, anchor: Anchor = .topLeading, rotation: Double = 0, widest: Double? = nil
    ) {
        guard Self.isUsable(size: size, widest: widest), Point(x: x, y: y).isDrawable else { return }
        let style = TextStyle(
            size: size, weight: weight, family: family, alignment: Int32(anchor.across * 2), widest: widest ?? 0)
        style.with(text) { piece in
            var (width, height) = (0.0, 0.0)
            ccanvas_measure_text(piece, &width, &height)
            withTransform(x: x, y: y, rotation: rotation) {
                ccanvas_text_path(surface, piece, -width * anchor.across, -height * anchor.down)
                fill(.color(color))
            }
        }
    }

    /// Width and height of the box that a text takes, in pixels.
    package func measureText(
        _ text: String, size: Double, weight: FontWeight = .regular, family: FontFamily = .sans, widest: Double? = nil
    ) -> (width: Double, height: Double) {
        guard Self.isUsable(size: size, widest: widest) else { return (0, 0) }
        let style = TextStyle(size: size, weight: weight, family: family, alignment: 0, widest: widest ?? 0)
        var (width, height) = (0.0, 0.0)
        style.with(text) { ccanvas_measure_text($0, &width, &height) }
        return (width, height)
    }

    /// Letters of no size, or larger than any surface, are not drawn.
    private static func isUsable(size: Double, widest: Double?) -> Bool {
        size > 0 && size <= Double(longestSide) && (widest ?? 1) > 0
    }
}

/// What a text's looks depend on.
private struct TextStyle {
    let size: Double
    let weight: Canvas.FontWeight
    let family: Canvas.FontFamily
    let alignment: Int32
    let widest: Double

    /// Calls `body` with the text as C takes it; NUL, which ends C strings, shows as the replacement character.
    func with(_ text: String, _ body: (UnsafePointer<ccanvas_text>) -> Void) {
        var text = text.contains("\0") ? String(text.map { $0 == "\0" ? "\u{fffd}" : $0 }) : text
        text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { bytes in
                var piece = ccanvas_text(
                    utf8: bytes.baseAddress, byte_count: bytes.count, size: size, bold: weight == .bold,
                    serif: family == .serif, alignment: alignment, widest: widest)
                body(&piece)
            }
        }
    }
}
