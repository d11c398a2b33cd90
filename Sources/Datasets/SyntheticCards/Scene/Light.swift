import Tensors

/// The light over a table: brighter near the lamp, darker in the corners, warm or cold, with shadows to one side.
struct Light {
    /// The lamp's place, in shares of the side, and how fast light falls off.
    private let lamp: Point
    private let falloff: Float
    private let tint: Ink
    /// Where shadows fall, in shares of the side, and how dark they are.
    let shadowOffset: Point
    let shadowDepth: Float

    init(_ random: inout RandomStream) {
        lamp = Point(random.uniform(-0.1..<1.1), random.uniform(-0.2..<0.8))
        falloff = Float(random.uniform(0.18..<0.42))
        let warmth = Float(random.uniform(-0.05..<0.07))
        tint = Ink(1 + warmth, 1, 1 - warmth) * Float(random.uniform(0.94..<1.05))
        let away = Point(0.5, 0.5) - lamp
        let distance = max((away * away).sum().squareRoot(), 0.1)
        shadowOffset = away / distance * random.uniform(0.006..<0.018)
        shadowDepth = Float(random.uniform(0.3..<0.55))
    }

    /// Lights every pixel.
    func shine(on raster: inout Raster) {
        for row in 0..<raster.height {
            for column in 0..<raster.width {
                let place = Point(
                    Double(column) / Double(raster.width), Double(row) / Double(raster.height))
                let away = place - lamp
                let dim = 1.06 - falloff * Float((away * away).sum() / (0.4 + (away * away).sum())) * 1.4
                raster.pixels[row * raster.width + column] *= tint * dim
            }
        }
    }

    /// Darkens the table under and beside a card: several outlines, each a little larger, add up to a soft edge.
    func castShadow(of placed: PlacedCard, on raster: inout Raster) {
        let side = Double(raster.width)
        let steps = 6
        for step in 0..<steps {
            let grown = 0.99 + 0.012 * Double(step)
            let shape = placed.style.outline.mapped { point in
                placed.view((point - 0.5) * grown + 0.5) + shadowOffset * side
            }
            raster.fill(shape, .zero, opacity: shadowDepth / Float(steps))
        }
    }
}
