import CScenes

/// A place in a picture, in pixels.
typealias Place = SIMD2<Double>

/// A turn about the origin, clockwise on the screen, from sums and products only: the same bits on every machine.
struct Turn {
    let cosine, sine: Double

    /// Takes an angle in radians, at most a few turns.
    init(_ angle: Double) {
        // A sixteenth of the angle is small enough for a short series; four doublings bring it back.
        let part = angle / 16
        let square = part * part
        var sine = part * (1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72))))
        var cosine = 1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56 * (1 - square / 90))))
        for _ in 0..<4 { (sine, cosine) = (2 * sine * cosine, cosine * cosine - sine * sine) }
        (self.sine, self.cosine) = (sine, cosine)
    }

    func callAsFunction(_ place: Place) -> Place {
        Place(place.x * cosine - place.y * sine, place.x * sine + place.y * cosine)
    }
}

/// A map of the plane that keeps lines straight: rows of a 3 x 3 matrix.
struct PlaneMap {
    private var rows: [SIMD3<Double>]

    /// Maps (0,0), (1,0), (1,1), (0,1) to four corners in this order.
    ///
    /// - Source: P. Heckbert, "Fundamentals of texture mapping and image warping", 1989, section 2.2.
    init(squareTo corners: [Place]) {
        let (a, b, c, d) = (corners[0], corners[1], corners[2], corners[3])
        let (first, second, sum) = (b - c, d - c, a - b + c - d)
        let determinant = first.x * second.y - second.x * first.y
        let g = (sum.x * second.y - second.x * sum.y) / determinant
        let h = (first.x * sum.y - sum.x * first.y) / determinant
        rows = [
            SIMD3(b.x - a.x + g * b.x, d.x - a.x + h * d.x, a.x),
            SIMD3(b.y - a.y + g * b.y, d.y - a.y + h * d.y, a.y), SIMD3(g, h, 1),
        ]
    }

    /// The map back.
    var inverse: PlaneMap {
        func cross(_ p: SIMD3<Double>, _ q: SIMD3<Double>) -> SIMD3<Double> {
            SIMD3(p.y * q.z - p.z * q.y, p.z * q.x - p.x * q.z, p.x * q.y - p.y * q.x)
        }
        let (x, y, z) = (cross(rows[1], rows[2]), cross(rows[2], rows[0]), cross(rows[0], rows[1]))
        var result = self
        result.rows = [SIMD3(x.x, y.x, z.x), SIMD3(x.y, y.y, z.y), SIMD3(x.z, y.z, z.z)]
        return result
    }

    /// The map, its results scaled, as the pixel loops take it; nil where it cannot be written so.
    func view(width: Double, height: Double) -> cscenes_map? {
        let last = rows[2].z
        guard abs(last) > 1e-9 else { return nil }
        let (x, y, z) = (rows[0] * (width / last), rows[1] * (height / last), rows[2] / last)
        guard [x, y, z].allSatisfy({ $0.x.isFinite && $0.y.isFinite && $0.z.isFinite }) else { return nil }
        return cscenes_map(
            a: Float(x.x), b: Float(x.y), c: Float(x.z), d: Float(y.x), e: Float(y.y), f: Float(y.z), g: Float(z.x),
            h: Float(z.y))
    }
}

extension cscenes_box {
    /// The pixels that some places lie in, with a margin of one.
    init(around places: [Place]) {
        func bounded(_ value: Double) -> Int32 { Int32(min(max(value, -1e5), 1e5)) }
        let (xs, ys) = (places.map(\.x), places.map(\.y))
        self.init(
            left: bounded((xs.min() ?? 0).rounded(.down) - 1), top: bounded((ys.min() ?? 0).rounded(.down) - 1),
            right: bounded((xs.max() ?? 0).rounded(.up) + 1), bottom: bounded((ys.max() ?? 0).rounded(.up) + 1))
    }
}

extension cscenes_point {
    init(_ place: Place) { self.init(x: Float(place.x), y: Float(place.y)) }
}
