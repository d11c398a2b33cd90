import Tensors

/// Smooth random hills: random heights on a lattice, joined by smooth steps.
struct ValueNoise {
    private let heights: [Float]
    private static let side = 32

    /// Draws the heights, each from -1 to 1.
    init(_ random: inout RandomStream) {
        var heights: [Float] = []
        for _ in 0..<Self.side * Self.side { heights.append(Float(random.uniform(-1..<1))) }
        self.heights = heights
    }

    /// The height at a place, -1 to 1; one lattice cell is one unit, and the pattern repeats after 32.
    func callAsFunction(_ x: Double, _ y: Double) -> Float {
        let (left, top) = (x.rounded(.down), y.rounded(.down))
        let (u, v) = (Self.smooth(Float(x - left)), Self.smooth(Float(y - top)))
        let (column, row) = (Int(left), Int(top))
        let upper = mix(height(column, row), height(column + 1, row), u)
        let lower = mix(height(column, row + 1), height(column + 1, row + 1), u)
        return mix(upper, lower, v)
    }

    /// Hills with smaller hills on them, about -1 to 1.
    func fractal(_ x: Double, _ y: Double, octaves: Int) -> Float {
        var (sum, weight, scale) = (Float(0), Float(0.55), 1.0)
        for octave in 0..<octaves {
            sum += weight * self(x * scale + Double(7 * octave), y * scale + Double(13 * octave))
            (weight, scale) = (weight / 2, scale * 2)
        }
        return sum
    }

    private func height(_ column: Int, _ row: Int) -> Float {
        heights[(row & (Self.side - 1)) * Self.side + (column & (Self.side - 1))]
    }

    private func mix(_ a: Float, _ b: Float, _ share: Float) -> Float { a + (b - a) * share }

    private static func smooth(_ t: Float) -> Float { t * t * (3 - 2 * t) }
}
