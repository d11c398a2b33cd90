import Glibc
import Images
import Tensors

/// The pictures in the middle of court cards: half a person and, turned half way, the other half, in flat bright colors.
///
/// Each rank has a build of its own, as on printed decks: the king a beard and a tall crown, the queen a veil, a low crown
/// and a flower, the jack a flat cap and a staff. Colors, patterns, sides and sizes differ from figure to figure.
struct CourtFigures: Sendable {
    /// The figures of jacks, queens and kings, several each.
    let jacks, queens, kings: [Texture]

    /// The size of a figure, in pixels.
    static let (width, height) = (132, 204)
    private static let countOfEach = 20

    /// Draws them all.
    init(seed: UInt64) {
        func figures(_ rank: CourtArtist.Rank) -> [Texture] {
            (0..<Self.countOfEach).map { number in
                var random = RandomStream(seed: seed, purpose: "court figure \(rank)", step: UInt64(number))
                return Texture(CourtArtist(rank, &random).draw())
            }
        }
        (jacks, queens, kings) = (figures(.jack), figures(.queen), figures(.king))
    }

    /// The figures of a glyph, if it is a court card's.
    func figures(ofGlyph glyph: Int) -> [Texture]? {
        switch SceneWords.glyphTexts[glyph] {
        case "J": jacks
        case "Q": queens
        case "K": kings
        default: nil
        }
    }
}

/// Draws one figure.
private struct CourtArtist {
    enum Rank: String {
        case jack, queen, king
    }

    private let rank: Rank
    private let cloth: [Color]
    private let hair: Color
    private let skin: Color
    /// Where the head is, how far the waist leans, and which way the person looks.
    private let headX: Double
    private let lean: Double
    private let side: Double
    private let stripes: Int
    private let bandWidth: Double

    private static let (red, yellow, blue, black) = (
        Color(rgb: 0xd4202c), Color(rgb: 0xf3c81e), Color(rgb: 0x2a4ea6), Color(rgb: 0x16161c)
    )
    private static let line = Color(rgb: 0x16161c)

    init(_ rank: Rank, _ random: inout RandomStream) {
        self.rank = rank
        cloth = random.shuffled([Self.red, Self.yellow, Self.blue, random.uniform() < 0.6 ? Self.black : Self.red])
        hair = random.uniform() < 0.65 ? Self.yellow : random.uniform() < 0.5 ? .white : Color(rgb: 0x8a5a2a)
        skin = random.uniform() < 0.7 ? Color(rgb: 0xfdf3e4) : Color(rgb: 0xf2d0b0)
        side = random.uniform() < 0.5 ? 1 : -1
        headX = 66 + random.uniform(-9..<9)
        lean = random.uniform(-0.35..<0.35)
        stripes = 3 + random.integer(below: 4)
        bandWidth = random.uniform(5..<10)
    }

    func draw() -> ImageBuffer {
        let (width, height) = (Double(CourtFigures.width), Double(CourtFigures.height))
        let canvas = Canvas(width: CourtFigures.width, height: CourtFigures.height)
        for half in [0.0, Double.pi] {
            canvas.withTransform(x: width / 2, y: height / 2, rotation: half) {
                canvas.withTransform(x: 0, y: 0, rotation: lean) {
                    canvas.withClip(x: -200, y: -200, width: 400, height: 200) {
                        canvas.withTransform(x: 0, y: 0, rotation: -lean) {
                            canvas.withTransform(x: -width / 2, y: -height / 2) { drawHalf(canvas) }
                        }
                    }
                }
            }
        }
        return canvas.makeImage()
    }

    private func drawHalf(_ canvas: Canvas) {
        drawItem(canvas)
        drawBody(canvas)
        if rank == .queen { drawVeil(canvas) }
        drawHair(canvas)
        drawFace(canvas)
        switch rank {
        case .king: drawCrown(canvas, height: 30, points: 5)
        case .queen: drawCrown(canvas, height: 17, points: 7)
        case .jack: drawCap(canvas)
        }
    }

    private func drawBody(_ canvas: Canvas) {
        shape(canvas, [(4, 150), (10, 74), (38, 58), (94, 58), (122, 74), (128, 150)], cloth[0])
        // Slanting bands from both shoulders to the middle, with dots on every second one.
        for number in 0..<stripes {
            let y = 66 + Double(number) * 14
            let color = cloth[1 + number % 3]
            shape(canvas, [(8, y), (8, y + bandWidth), (60, y + 26 + bandWidth), (60, y + 26)], color)
            shape(canvas, [(124, y), (124, y + bandWidth), (72, y + 26 + bandWidth), (72, y + 26)], color)
            guard number % 2 == 0 else { continue }
            for dot in stride(from: 14.0, to: 56, by: 9) {
                for x in [dot, 132 - dot] {
                    canvas.fillCircle(x: x, y: y - 4 + min(x, 132 - x) * 0.5, radius: 2.4, color: cloth[2])
                }
            }
        }
        shape(canvas, [(52, 60), (80, 60), (86, 150), (46, 150)], cloth[3])
        for y in stride(from: 68.0, to: 120, by: 10) {
            shape(canvas, [(66, y - 4), (71, y), (66, y + 4), (61, y)], cloth[1])
        }
        shape(canvas, [(30, 60), (66, 76), (102, 60), (96, 50), (36, 50)], .white)
        for x in stride(from: 38.0, to: 98, by: 8) {
            canvas.strokeLine(x1: x, y1: 52, x2: x, y2: 66, color: Self.line, lineWidth: 1)
        }
    }

    private func drawHair(_ canvas: Canvas) {
        for offset in [-19.0, 19] {
            for (y, radius) in [(32.0, 8.0), (42, 8.5), (51, 7.5)] {
                disc(canvas, headX + offset, y, radius, hair)
                canvas.strokeCircle(x: headX + offset, y: y, radius: radius * 0.45, color: Self.line, lineWidth: 1)
            }
        }
        guard rank == .king else { return }
        for x in [-11.0, -4, 4, 11] { disc(canvas, headX + x, 56, 7, hair) }
        shape(canvas, [(headX - 13, 54), (headX + 13, 54), (headX + 6, 72), (headX - 6, 72)], hair)
    }

    private func drawFace(_ canvas: Canvas) {
        shape(
            canvas,
            [
                (headX - 14, 26), (headX + 14, 26), (headX + 15, 40), (headX + 9, 54), (headX, 58), (headX - 9, 54),
                (headX - 15, 40),
            ], skin)
        for x in [-6.0, 6] {
            canvas.fillCircle(x: headX + x + side, y: 36, radius: 1.9, color: Self.line)
            canvas.strokeLine(
                x1: headX + x - 4, y1: 32, x2: headX + x + 4, y2: 32, color: Self.line, lineWidth: 1.2)
        }
        canvas.strokePolyline(
            [.init(x: headX, y: 36), .init(x: headX + 3 * side, y: 44), .init(x: headX - side, y: 45)],
            color: Self.line, lineWidth: 1.2)
        canvas.strokeLine(
            x1: headX - 4, y1: 50, x2: headX + 4, y2: 50, color: rank == .queen ? Self.red : Self.line, lineWidth: 1.8)
        if rank == .king {
            canvas.strokePolyline(
                [.init(x: headX - 9, y: 49), .init(x: headX, y: 46), .init(x: headX + 9, y: 49)], color: hair,
                lineWidth: 3)
        }
    }

    private func drawCrown(_ canvas: Canvas, height: Double, points: Int) {
        let (left, right, base) = (headX - 20, headX + 20, 26.0)
        var outline = [(left, base), (left - 3, base - height * 0.6)]
        for number in 0..<points {
            let x = left + (Double(number) + 0.5) / Double(points) * (right - left)
            outline += [(x, base - height), (x + 20 / Double(points), base - height * 0.55)]
        }
        outline += [(right + 3, base - height * 0.6), (right, base)]
        shape(canvas, outline, rank == .king ? Self.red : Self.yellow)
        shape(canvas, [(left, base), (left, base - 7), (right, base - 7), (right, base)], Self.yellow)
        for number in 0..<points {
            let x = left + (Double(number) + 0.5) / Double(points) * (right - left)
            disc(canvas, x, base - height, rank == .king ? 3 : 2.4, rank == .king ? Self.yellow : Self.red)
        }
    }

    private func drawCap(_ canvas: Canvas) {
        shape(
            canvas,
            [(headX - 22, 28), (headX - 27, 16), (headX - 6, 8), (headX + 22, 11), (headX + 27, 20), (headX + 20, 28)],
            cloth[0])
        shape(
            canvas, [(headX - 22, 28), (headX - 22, 22), (headX + 22, 22), (headX + 22, 28)],
            cloth[0] == Self.yellow ? Self.red : Self.yellow)
        shape(canvas, [(headX + 12 * side, 14), (headX + 34 * side, 4), (headX + 30 * side, 22)], cloth[1])
    }

    private func drawVeil(_ canvas: Canvas) {
        shape(
            canvas,
            [
                (headX - 22, 20), (headX + 22, 20), (headX + 34, 78), (headX + 16, 66), (headX - 16, 66),
                (headX - 34, 78),
            ], cloth[1] == Self.yellow ? Self.black : cloth[1])
    }

    /// What the person holds: sword, flower or staff.
    private func drawItem(_ canvas: Canvas) {
        let x = 66 + 48 * side
        switch rank {
        case .king:
            shape(canvas, [(x - 4, 8), (x, 0), (x + 4, 8), (x + 4, 90), (x - 4, 90)], .white)
            shape(canvas, [(x - 12, 84), (x + 12, 84), (x + 12, 91), (x - 12, 91)], Self.yellow)
        case .queen:
            canvas.strokeLine(x1: x, y1: 44, x2: x - 8 * side, y2: 96, color: Color(rgb: 0x2c7a3c), lineWidth: 3)
            for petal in 0..<5 {
                let angle = Double(petal) * 2 * Double.pi / 5
                disc(canvas, x + 8 * cos(angle), 40 + 8 * sin(angle), 5.5, Self.red)
            }
            disc(canvas, x, 40, 4.5, Self.yellow)
        case .jack:
            for offset in [-3.0, 0, 3] {
                canvas.strokeLine(
                    x1: x + offset, y1: 0, x2: x + offset - 10 * side, y2: 100,
                    color: offset == 0 ? Self.yellow : Self.line, lineWidth: 3)
            }
            shape(canvas, [(x - 9, 20), (x, 0), (x + 9, 20), (x, 28)], Self.blue)
        }
        disc(canvas, x - 8 * side, 92, 9, skin)
    }

    private func shape(_ canvas: Canvas, _ points: [(Double, Double)], _ color: Color) {
        let places = points.map { Canvas.Point(x: $0.0, y: $0.1) }
        canvas.fillPolygon(places, color: color)
        canvas.strokePolygon(places, color: Self.line, lineWidth: 1.3)
    }

    private func disc(_ canvas: Canvas, _ x: Double, _ y: Double, _ radius: Double, _ color: Color) {
        canvas.fillCircle(x: x, y: y, radius: radius, color: color)
        canvas.strokeCircle(x: x, y: y, radius: radius, color: Self.line, lineWidth: 1.1)
    }
}
