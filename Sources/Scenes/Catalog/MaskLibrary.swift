import Images

/// Every glyph in every face and every symbol in every drawing, made once.
struct MaskLibrary: Sendable {
    /// The masks of the glyphs by face, then by the glyph's number.
    let glyphs: [[Mask]]
    /// The drawings of each symbol; suits have two.
    let symbols: [[Mask]]

    /// Draws them all; nil where the program's fonts cannot be loaded, or lack a sign.
    init?() {
        guard Canvas.hasFonts else { return nil }
        let texts = SceneWords.glyphTexts
        let faces: [(Canvas.FontFamily, Canvas.FontWeight)] = [(.sans, .regular), (.sans, .bold), (.serif, .bold)]
        var glyphs = faces.map { face in
            texts.compactMap { text in Self.text(text, face.0, face.1) }
        }
        glyphs += [9.0, 19.0].map { line in
            texts.compactMap { text in Mask(StrokeLetters.draw(text, lineWidth: line)) }
        }
        guard glyphs.allSatisfy({ $0.count == texts.count }) else { return nil }
        self.glyphs = glyphs
        var symbols = Self.signs.map { sign in
            sign.isEmpty ? [] : [Self.text(sign, .sans, .regular)].compactMap { $0 }
        }
        for (place, draw) in Self.drawn {
            let canvas = Canvas(width: 200, height: 200)
            draw(canvas)
            symbols[place] += [Mask(canvas.makeImage())].compactMap { $0 }
        }
        guard symbols.count == SceneWords.symbols.count, symbols.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.symbols = symbols
    }

    private static func text(_ text: String, _ family: Canvas.FontFamily, _ weight: Canvas.FontWeight) -> Mask? {
        let canvas = Canvas(width: 300, height: 230)
        canvas.drawText(
            text, x: 150, y: 115, size: 130, color: .black, weight: weight, family: family, anchor: .center)
        return Mask(canvas.makeImage())
    }

    /// The font's sign for each symbol; empty where one is drawn here.
    private static let signs = [
        "♣", "♦", "♥", "♠", "", "", "▲", "★", "", "✚", "", "☾", "➜", "⚡", "♫", "☀", "✔", "☁", "☂", "☎", "❄", "✿", "✂",
        "✈", "✉", "✏", "♞", "♜", "♟", "⚓", "☠", "☕",
    ]

    /// The drawings that are no signs of a font: a second one of each suit, and plain shapes. Sides are 200 long.
    private static let drawn: [(symbol: Int, draw: @Sendable (Canvas) -> Void)] = [
        (
            0,
            { canvas in
                for (x, y) in [(100.0, 56.0), (54.0, 112.0), (146.0, 112.0)] {
                    canvas.fillCircle(x: x, y: y, radius: 44, color: .black)
                }
                polygon(canvas, [(92, 80), (108, 80), (112, 140), (132, 184), (68, 184), (88, 140)])
            }
        ),
        (1, { polygon($0, [(100, 8), (168, 100), (100, 192), (32, 100)]) }),
        (
            2,
            { canvas in
                for x in [62.0, 138.0] { canvas.fillCircle(x: x, y: 66, radius: 46, color: .black) }
                polygon(canvas, [(22, 88), (58, 60), (142, 60), (178, 88), (100, 188)])
            }
        ),
        (
            3,
            { canvas in
                for x in [62.0, 138.0] { canvas.fillCircle(x: x, y: 116, radius: 44, color: .black) }
                polygon(canvas, [(24, 96), (100, 8), (176, 96), (130, 130), (70, 130)])
                polygon(canvas, [(92, 110), (108, 110), (112, 150), (132, 188), (68, 188), (88, 150)])
            }
        ),
        (4, { $0.fillCircle(x: 100, y: 100, radius: 86, color: .black) }),
        (5, { $0.fillRectangle(x: 20, y: 20, width: 160, height: 160, color: .black) }),
        (8, { $0.strokeCircle(x: 100, y: 100, radius: 70, color: .black, lineWidth: 32) }),
        (10, { polygon($0, [(100, 12), (176, 56), (176, 144), (100, 188), (24, 144), (24, 56)]) }),
    ]

    private static func polygon(_ canvas: Canvas, _ points: [(Double, Double)]) {
        canvas.fillPolygon(points.map { Canvas.Point(x: $0.0, y: $0.1) }, color: .black)
    }
}
