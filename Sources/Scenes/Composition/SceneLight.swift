import CScenes
import Detection
import Tensors

/// The light of a photo: where it comes from, what color it has, what throws shadows, what shines.
struct SceneLight {
    private let side: Double
    private let isEven: Bool
    /// Whether anything throws shadows or shines.
    private let isPlain: Bool
    /// From where the light falls, as a direction in the picture.
    private let direction: Place
    private let slope: Double
    private let vignette: Double
    private let tint: [Double]

    init(side: Double, _ stage: SceneStage, _ random: inout RandomStream) {
        self.side = side
        isPlain = stage != .all
        isEven = random.uniform() < (isPlain ? 0.6 : 0.3)
        direction = Turn(random.uniform(-3.14159..<3.14159))(Place(1, 0))
        slope = random.uniform(0..<0.38)
        vignette = random.uniform() < 0.5 ? random.uniform(0..<0.32) : 0
        let warmth = random.normal() * 0.07
        tint = [1 + warmth, 1, 1 - warmth]
    }

    /// How far a card's shadow lies beside it.
    func shadowOffset(_ random: inout RandomStream) -> Place { direction * random.uniform(0..<5) * (side / 224) }

    /// Lights a finished scene.
    func apply(to picture: Layer, cards: [Box], _ random: inout RandomStream) {
        if random.uniform() < 0.12, !isPlain, let card = cards.first { addGlare(to: picture, card, &random) }
        if !isEven { addField(to: picture, &random) }
        guard !isPlain else { return }
        let choice = random.uniform()
        if choice < 0.12 {
            addSunPatches(to: picture, &random)
        } else if choice < 0.36 {
            for _ in 0...random.integer(below: 2) { addShadow(to: picture, &random) }
        }
    }

    /// A slope of brightness over the picture, with soft unevenness, darker corners, and the light's color.
    private func addField(to picture: Layer, _ random: inout RandomStream) {
        let count = 9
        let base = random.uniform(0.88..<1.22)
        var grid: [Float] = []
        for row in 0..<count {
            for column in 0..<count {
                let place = Place(Double(column), Double(row)) / Double(count - 1) * 2 - 1
                let along = (place * direction).sum()
                let distance = (place * place).sum()
                let gain =
                    base * (1 + slope * along) * (1 - vignette * distance / 2) + random.uniform(-0.025..<0.025)
                grid += tint.map { Float(max(gain * $0, 0.15)) }
            }
        }
        cscenes_light(picture.view, grid, Int32(count))
    }

    /// The shadow of something outside the picture: a wide band, or a corner cut off, with a soft edge.
    private func addShadow(to picture: Layer, _ random: inout RandomStream) {
        let gain = random.uniform(0.45..<0.88)
        let cool = random.uniform(0.98..<1.06)
        picture.shade(
            quadrilateral(wide: random.uniform(0.15..<1.1), &random), softness: random.uniform(0.5..<16), red: gain,
            green: gain, blue: min(gain * cool, 1))
    }

    /// A darkened picture with patches of sun.
    private func addSunPatches(to picture: Layer, _ random: inout RandomStream) {
        let dark = random.uniform(0.55..<0.85)
        let whole = [Place(-9, -9), Place(side + 9, -9), Place(side + 9, side + 9), Place(-9, side + 9)]
        picture.shade(whole, softness: 1, red: dark, green: dark, blue: min(dark * 1.05, 1))
        for _ in 0...random.integer(below: 3) {
            let gain = random.uniform(1.25..<2.1)
            picture.shade(
                quadrilateral(wide: random.uniform(0.12..<0.6), &random), softness: random.uniform(0.5..<8), red: gain,
                green: gain * 0.985, blue: gain * 0.94)
        }
    }

    /// A slanting four-sided patch through the picture, `wide` of its side.
    private func quadrilateral(wide: Double, _ random: inout RandomStream) -> [Place] {
        let turn = Turn(random.uniform(-3.14159..<3.14159))
        let center = Place(random.uniform(0..<1), random.uniform(0..<1)) * side
        let half = Place(random.uniform(0.3..<1.6), wide / 2) * side
        let lean = random.uniform(-0.3..<0.3)
        return [Place(-1, -1), Place(1, -1 + lean), Place(1, 1 + lean), Place(-1, 1)].map { center + turn($0 * half) }
    }

    /// A lamp or window mirrored on a card.
    private func addGlare(to picture: Layer, _ card: Box, _ random: inout RandomStream) {
        let size = Place(card.xMax - card.xMin, card.yMax - card.yMin)
        let center = Place(card.xMin, card.yMin) + size * Place(random.uniform(0..<1), random.uniform(0..<1))
        picture.glow(
            center: center, across: max(size.x * random.uniform(0.2..<0.8), 4),
            down: max(size.y * random.uniform(0.2..<0.8), 4), ink: Ink(255, 253, 246),
            strength: random.uniform(0.35..<0.95))
    }
}
