import Tensors

/// What the cards lie on.
enum Tabletop: CaseIterable {
    case felt, wood, cloth, stone

    /// Paints a table of random color, `side` pixels square; lengths are shares of the side.
    func painted(side: Int, _ random: inout RandomStream) -> Raster {
        let noise = ValueNoise(&random)
        let turn = Rotation(random.uniform(-0.5..<0.5) + (random.uniform() < 0.5 ? 1.5708 : 0))
        let base = Self.pick(palette, &random)
        let second = Self.pick(palette, &random)
        let phase = Point(random.uniform(0..<32), random.uniform(0..<32))
        var raster = Raster(width: side, height: side, fill: base)
        for row in 0..<side {
            for column in 0..<side {
                let place = Point(Double(column), Double(row)) / Double(side)
                let along = turn.apply(place)
                let shade: Float
                var ink = base
                switch self {
                case .felt: shade = Self.felt(place + phase, noise)
                case .wood: shade = Self.wood(along + phase, noise)
                case .stone: shade = Self.stone(place + phase, noise)
                case .cloth:
                    shade = Self.weave(along, noise)
                    ink += (second - base) * Self.stripe(along, noise, phase)
                }
                raster.pixels[row * side + column] = ink * (1 + shade)
            }
        }
        return raster
    }

    private var palette: [Ink] {
        switch self {
        case .felt:
            [
                Ink(0.08, 0.36, 0.2), Ink(0.1, 0.42, 0.28), Ink(0.12, 0.22, 0.5), Ink(0.45, 0.09, 0.13),
                Ink(0.2, 0.2, 0.24), Ink(0.06, 0.34, 0.38), Ink(0.3, 0.14, 0.36),
            ]
        case .wood:
            [
                Ink(0.55, 0.36, 0.2), Ink(0.42, 0.26, 0.15), Ink(0.68, 0.5, 0.32), Ink(0.34, 0.22, 0.16),
                Ink(0.74, 0.6, 0.43), Ink(0.48, 0.33, 0.24),
            ]
        case .cloth:
            [
                Ink(0.3, 0.42, 0.58), Ink(0.62, 0.55, 0.46), Ink(0.52, 0.22, 0.22), Ink(0.35, 0.45, 0.34),
                Ink(0.24, 0.26, 0.36), Ink(0.66, 0.46, 0.34),
            ]
        case .stone: [Ink(0.42, 0.43, 0.45), Ink(0.34, 0.34, 0.36), Ink(0.5, 0.46, 0.42), Ink(0.26, 0.3, 0.34)]
        }
    }

    private static func pick(_ palette: [Ink], _ random: inout RandomStream) -> Ink {
        let ink = palette[random.integer(below: palette.count)]
        return ink * Float(random.uniform(0.85..<1.15)) + Float(random.uniform(-0.02..<0.02))
    }

    private static func felt(_ place: Point, _ noise: ValueNoise) -> Float {
        0.12 * noise.fractal(place.x * 4, place.y * 4, octaves: 3) + 0.07 * noise(place.x * 150, place.y * 150)
    }

    /// Rings cut along the grain, fine pores, and the joints of boards.
    private static func wood(_ place: Point, _ noise: ValueNoise) -> Float {
        let bend = Double(noise.fractal(place.x * 1.5, place.y * 5, octaves: 2))
        let ring = place.y * 14 + bend * 3
        let share = Float(ring - ring.rounded(.down))
        let grain = noise(place.x * 5, place.y * 120)
        let board = place.y * 2.6
        let joint = abs(board - board.rounded()) < 0.008 ? Float(-0.35) : 0
        let tone = 0.1 * noise((board + 0.5).rounded(.down) * 5.3, 0.5)
        return 0.12 * (share - 0.5) + 0.1 * grain + 0.06 * noise.fractal(place.x * 3, place.y * 3, octaves: 2)
            + tone + joint
    }

    /// Clouds, fine grains, and a few bright and dark crystals.
    private static func stone(_ place: Point, _ noise: ValueNoise) -> Float {
        let crystal = noise(place.x * 47, place.y * 47) * noise(place.y * 61, place.x * 61)
        return 0.15 * noise.fractal(place.x * 5, place.y * 5, octaves: 4) + 0.05 * noise(place.x * 140, place.y * 140)
            + 0.25 * crystal
    }

    /// Threads over and under each other.
    private static func weave(_ place: Point, _ noise: ValueNoise) -> Float {
        let threads = 72.0
        func wave(_ x: Double) -> Float {
            let t = Float(x - x.rounded(.down)) * 2 - 1
            return 1 - t * t
        }
        let (u, v) = (place.x * threads, place.y * threads)
        let isOver = (Int(u.rounded(.down)) + Int(v.rounded(.down))) & 1 == 0
        let thread = isOver ? wave(v) : wave(u)
        return 0.12 * (thread - 0.6) + 0.12 * noise.fractal(place.x * 3, place.y * 3, octaves: 3)
    }

    /// How much of the second color a place has: broad stripes both ways, or hardly any.
    private static func stripe(_ place: Point, _ noise: ValueNoise, _ phase: Point) -> Float {
        let period = 0.16 + 0.1 * Double(noise(phase.x, 0.3))
        let strength = 0.4 * max(noise(0.3, phase.y), 0)
        func isOn(_ x: Double) -> Float {
            let t = x / period
            return t - t.rounded(.down) < 0.42 ? 1 : 0
        }
        return strength * (isOn(place.x) + isOn(place.y))
    }
}
