import Tensors

/// Things that lie about on a table beside the cards.
enum Clutter: CaseIterable {
    case chip, coin, pencil, die, note, ring

    /// Paints up to four things at random places; half of the tables have none.
    static func scatter(on raster: inout Raster, _ random: inout RandomStream) {
        guard random.uniform() < 0.55 else { return }
        for _ in 0...random.integer(below: 4) {
            allCases[random.integer(below: allCases.count)].paint(on: &raster, &random)
        }
    }

    private func paint(on raster: inout Raster, _ random: inout RandomStream) {
        let side = Double(raster.width)
        let center = Point(random.uniform(0..<side), random.uniform(0..<side))
        let angle = random.uniform(-3.14..<3.14)
        let ink = Ink(
            Float(random.uniform(0.1..<0.9)), Float(random.uniform(0.1..<0.8)), Float(random.uniform(0.1..<0.8)))
        var brush = Brush(center: center, angle: angle, scale: side * random.uniform(0.85..<1.15), raster: raster)
        switch self {
        case .chip: brush.chip(ink)
        case .coin: brush.coin(random.uniform() < 0.5 ? Ink(0.72, 0.55, 0.3) : Ink(0.66, 0.67, 0.68))
        case .pencil: brush.pencil(ink)
        case .die: brush.die(ink, spots: 1 + random.integer(below: 6))
        case .note: brush.note(Ink(0.9, 0.86, 0.6) + (ink - 0.5) * 0.15)
        case .ring: brush.ring()
        }
        raster = brush.raster
    }
}

/// Paints in lengths that are shares of the table's side, about a thing's own middle.
private struct Brush {
    let center: Point
    let turn: Rotation
    let scale: Double
    var raster: Raster

    init(center: Point, angle: Double, scale: Double, raster: Raster) {
        (self.center, self.scale, self.raster) = (center, scale, raster)
        turn = Rotation(angle)
    }

    private mutating func fill(_ path: VectorPath, _ ink: Ink, opacity: Float = 1) {
        raster.fill(path.mapped { center + turn.apply($0) * scale }, ink, opacity: opacity)
    }

    /// A soft shadow under a thing of the given half extent.
    private mutating func shadow(_ half: Point, isRound: Bool) {
        for step in 0..<4 {
            let grown = half + Double(step) * 0.005
            let path =
                isRound
                ? VectorPath.ellipse(.zero, grown)
                : VectorPath.rectangle(-grown.x...grown.x, -grown.y...grown.y, radius: Point(0.008, 0.008))
            let moved = path.mapped { center + turn.apply($0) * scale + 0.008 * scale }
            raster.fill(moved, .zero, opacity: 0.1)
        }
    }

    mutating func chip(_ ink: Ink) {
        let radius = 0.062
        shadow(Point(radius, radius), isRound: true)
        fill(.ellipse(.zero, Point(radius, radius)), ink)
        for spoke in 0..<6 {
            let turn = Rotation(Double(spoke) * 1.0472)
            let edge = VectorPath.rectangle(-0.013...0.013, 0.72 * radius...0.98 * radius).mapped(turn.apply)
            fill(edge, Ink(0.93, 0.92, 0.88))
        }
        let inner = VectorPath.ellipse(.zero, Point(0.66 * radius, 0.66 * radius))
        fill(inner.without(.ellipse(.zero, Point(0.6 * radius, 0.6 * radius))), Ink(0.93, 0.92, 0.88))
    }

    mutating func coin(_ ink: Ink) {
        let radius = 0.042
        shadow(Point(radius, radius), isRound: true)
        fill(.ellipse(.zero, Point(radius, radius)), ink * 0.8)
        fill(.ellipse(Point(-0.002, -0.002), Point(0.88 * radius, 0.88 * radius)), ink)
        fill(.ellipse(Point(-0.006, -0.008), Point(0.45 * radius, 0.5 * radius)), ink * 1.12)
    }

    mutating func pencil(_ ink: Ink) {
        shadow(Point(0.22, 0.013), isRound: false)
        fill(.rectangle(-0.22...0.17, -0.013...0.013), ink)
        fill(.rectangle(-0.22...0.17, -0.013...(-0.004)), ink * 1.2)
        fill(.rectangle(-0.22...(-0.2), -0.013...0.013), Ink(0.85, 0.5, 0.5))
        fill(VectorPath(polygon: [Point(0.17, -0.013), Point(0.215, 0), Point(0.17, 0.013)]), Ink(0.85, 0.7, 0.5))
        fill(VectorPath(polygon: [Point(0.2, -0.004), Point(0.215, 0), Point(0.2, 0.004)]), Ink(0.15, 0.15, 0.15))
    }

    mutating func die(_ ink: Ink, spots: Int) {
        let half = 0.04
        shadow(Point(half, half), isRound: false)
        fill(.rectangle(-half...half, -half...half, radius: Point(0.012, 0.012)), ink * 0.85)
        fill(.rectangle(-half...0.92 * half, -half...0.92 * half, radius: Point(0.012, 0.012)), ink)
        let corners = [Point(-1, -1), Point(1, 1), Point(-1, 1), Point(1, -1), Point(-1, 0), Point(1, 0)]
        let places = corners.prefix(spots - spots % 2) + (spots % 2 == 1 ? [.zero] : [])
        for place in places {
            fill(.ellipse(place * 0.5 * half, Point(0.17 * half, 0.17 * half)), Ink(0.95, 0.94, 0.9))
        }
    }

    mutating func note(_ ink: Ink) {
        shadow(Point(0.11, 0.09), isRound: false)
        fill(.rectangle(-0.11...0.11, -0.09...0.09), ink)
        for line in 0..<5 {
            let y = -0.06 + 0.026 * Double(line)
            fill(.rectangle(-0.09...(line == 4 ? 0.02 : 0.09), y...y + 0.004), ink * 0.55)
        }
    }

    /// The mark of a wet glass.
    mutating func ring() {
        let outer = VectorPath.ellipse(.zero, Point(0.105, 0.1))
        fill(outer.without(.ellipse(Point(0.002, -0.001), Point(0.094, 0.09))), .zero, opacity: 0.16)
    }
}
