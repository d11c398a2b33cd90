import CScenes
import Tensors

/// Paints what objects lie on: plain, graded, clouded, wooden, carpeted, folded, striped or veined.
struct BackgroundPainter {
    /// The side of a background, larger than a scene so that it can be cropped and turned.
    static let side = 320
    private let side = Double(Self.side)
    private let layer = Layer(width: Self.side, height: Self.side)
    private var field = [Float](repeating: 0, count: Self.side * Self.side)
    private var lattice: [Float] = []

    private enum Kind {
        case flat, gradient, clouds, wood, carpet, cloth, stripes, stone
    }

    private static let shares: [(Kind, Double)] = [
        (.flat, 0.13), (.gradient, 0.14), (.clouds, 0.2), (.wood, 0.21), (.carpet, 0.1), (.cloth, 0.09),
        (.stripes, 0.09), (.stone, 0.04),
    ]

    /// Paints one at random.
    mutating func paint(_ random: inout RandomStream) -> Texture {
        lattice = (0..<64 * 64).map { _ in Float(random.uniform(-1..<1)) }
        let first = Self.surface(&random)
        let second = random.uniform() < 0.6 ? first.scaled(by: random.uniform(0.45..<0.9)) : Self.surface(&random)
        var share = random.uniform()
        let kind = Self.shares.first { entry in
            share -= entry.1
            return share < 0
        }
        clear()
        switch kind?.0 ?? .flat {
        case .flat: break
        case .gradient: addGradient(&random)
        case .clouds: addClouds(&random)
        case .wood: addWood(&random)
        case .carpet: addClouds(&random)
        case .cloth: break
        case .stripes: addStripes(&random)
        case .stone: addVeins(&random)
        }
        mix(first, second)
        clear()
        switch kind?.0 ?? .flat {
        case .carpet: roughen(from: 0.25, to: 0.9, weight: random.uniform(0.15..<0.5), &random)
        case .cloth: addFolds(&random)
        case .flat, .gradient, .clouds, .wood, .stripes, .stone: break
        }
        if random.uniform() < 0.6 { roughen(from: 0.3, to: 1.2, weight: random.uniform(0.01..<0.12), &random) }
        relieve()
        return layer.makeTexture()
    }

    /// The colors of floors, tables and cloths, and now and then any color.
    private static func surface(_ random: inout RandomStream) -> Ink {
        let palette = [
            Ink(140, 92, 52), Ink(96, 62, 36), Ink(180, 138, 90), Ink(66, 46, 34), Ink(200, 170, 126),
            Ink(126, 116, 100), Ink(98, 92, 84), Ink(160, 152, 138), Ink(58, 60, 70), Ink(30, 30, 34), Ink(48, 54, 78),
            Ink(196, 196, 198), Ink(214, 208, 196), Ink(38, 92, 60), Ink(120, 30, 34), Ink(150, 140, 50),
        ]
        if random.uniform() < 0.18 { return Ink(anyOf: &random) }
        return palette[random.integer(below: palette.count)].scaled(by: random.uniform(0.7..<1.2))
            .varied(by: 14, &random)
    }

    private mutating func clear() { for i in field.indices { field[i] = 0 } }

    /// Adds hills with cells of so many pixels, along a direction.
    private mutating func hills(
        across: Double, down: Double, angle: Double, weight: Double, _ random: inout RandomStream
    ) {
        let turn = Turn(angle)
        let (x, y) = (random.uniform(0..<64), random.uniform(0..<64))
        let map = cscenes_map(
            a: Float(turn.cosine / across), b: Float(turn.sine / across), c: Float(x), d: Float(-turn.sine / down),
            e: Float(turn.cosine / down), f: Float(y), g: 0, h: 0)
        cscenes_hills(&field, Int32(Self.side), Int32(Self.side), lattice, map, Float(weight))
    }

    private mutating func lift(by value: Float) { for i in field.indices { field[i] += value } }

    private mutating func addGradient(_ random: inout RandomStream) {
        let turn = Turn(random.uniform(0..<6.28))
        for y in 0..<Self.side {
            for x in 0..<Self.side {
                let along = (Double(x) - side / 2) * turn.cosine + (Double(y) - side / 2) * turn.sine
                field[y * Self.side + x] = Float(0.5 + along / side)
            }
        }
    }

    private mutating func addClouds(_ random: inout RandomStream) {
        var cell = random.uniform(10..<110)
        var weight = 0.45
        for _ in 0..<3 {
            hills(across: cell, down: cell, angle: 0.6, weight: weight, &random)
            (cell, weight) = (cell / 2.3, weight * 0.6)
        }
        lift(by: 0.5)
    }

    /// Long streaks along the grain, of several widths, often with hard contrast, and the joints of boards.
    private mutating func addWood(_ random: inout RandomStream) {
        let angle = random.uniform() < 0.7 ? (random.uniform() < 0.5 ? 0 : 1.5708) : random.uniform(0..<3.14)
        let contrast = random.uniform(0.3..<1.1)
        let stretch = random.uniform(5..<16)
        for (width, share) in [(3.0, 0.35), (7.0, 0.5), (22.0, 0.5)] {
            let wide = width * random.uniform(0.7..<1.4)
            hills(across: wide * stretch, down: wide, angle: angle, weight: share * contrast, &random)
        }
        lift(by: 0.5)
        guard random.uniform() < 0.45 else { return }
        let (turn, period, phase) = (Turn(angle), random.uniform(45..<120), random.uniform(0..<100))
        for y in 0..<Self.side {
            for x in 0..<Self.side {
                let across = (Double(y) * turn.cosine - Double(x) * turn.sine + phase) / period
                let rest = across - across.rounded(.down)
                if rest < 2 / period { field[y * Self.side + x] += 0.9 }
            }
        }
    }

    private mutating func addStripes(_ random: inout RandomStream) {
        let turn = Turn(random.uniform(0..<3.14))
        let (period, isChecked) = (random.uniform(8..<60), random.uniform() < 0.4)
        let duty = random.uniform(0.25..<0.7)
        func isOn(_ value: Double) -> Bool { value / period - (value / period).rounded(.down) < duty }
        for y in 0..<Self.side {
            for x in 0..<Self.side {
                let place = turn(Place(Double(x), Double(y)))
                let on = isChecked ? isOn(place.x) != isOn(place.y) : isOn(place.x)
                field[y * Self.side + x] = on ? 1 : 0
            }
        }
    }

    private mutating func addVeins(_ random: inout RandomStream) {
        addClouds(&random)
        let cell = random.uniform(25..<60)
        var veins = field
        swap(&veins, &field)
        clear()
        hills(across: cell, down: cell, angle: 0.3, weight: 1, &random)
        hills(across: cell / 3, down: cell / 3, angle: 1.1, weight: 0.4, &random)
        for i in field.indices { field[i] = max(0, 1 - abs(field[i]) * 9) * 0.7 + veins[i] * 0.6 }
    }

    /// Creases of cloth: broad hills seen as slopes.
    private mutating func addFolds(_ random: inout RandomStream) {
        for (cell, weight) in [(70.0, 0.35), (26.0, 0.16)] {
            let wide = cell * random.uniform(0.7..<1.5)
            hills(across: wide * 2.2, down: wide, angle: random.uniform(0..<3.14), weight: weight, &random)
        }
    }

    /// Fine grains, from single pixels to a few.
    private mutating func roughen(from least: Double, to most: Double, weight: Double, _ random: inout RandomStream) {
        for _ in 0..<2 {
            let cell = 1 / random.uniform(least..<most)
            hills(across: cell, down: cell, angle: random.uniform(0.2..<1.3), weight: weight, &random)
        }
    }

    private func mix(_ first: Ink, _ second: Ink) { cscenes_mix(layer.view, field, first.floats, second.floats) }

    private func relieve() { cscenes_relief(layer.view, field) }
}
