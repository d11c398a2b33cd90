/// A point of the plane, x to the right and y down.
typealias Point = SIMD2<Double>

/// A map of the plane that keeps lines parallel.
struct AffineMap {
    /// Where the unit vectors go, and the origin.
    let x, y, origin: Point

    /// Puts a picture of the given size, centred at `center`, turned and scaled: `size` is what one unit becomes.
    init(center: Point, size: Point, angle: Double = 0, from unitCenter: Point = Point(0.5, 0.5)) {
        let turn = Rotation(angle)
        x = turn.apply(Point(size.x, 0))
        y = turn.apply(Point(0, size.y))
        origin = center - x * unitCenter.x - y * unitCenter.y
    }

    func callAsFunction(_ point: Point) -> Point { origin + x * point.x + y * point.y }
}

/// A turn about the origin, clockwise on the screen, from sums and products only: the same bits on every machine.
struct Rotation {
    /// The angle's cosine and sine.
    let cosine, sine: Double

    /// Takes an angle in radians, at most a few turns.
    init(_ angle: Double) {
        // A quarter of the angle is small enough for a short series; two doublings bring it back.
        let quarter = angle / 16
        let square = quarter * quarter
        var sine = quarter * (1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72))))
        var cosine = 1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56 * (1 - square / 90))))
        for _ in 0..<4 {
            (sine, cosine) = (2 * sine * cosine, cosine * cosine - sine * sine)
        }
        (self.sine, self.cosine) = (sine, cosine)
    }

    func apply(_ point: Point) -> Point {
        Point(point.x * cosine - point.y * sine, point.x * sine + point.y * cosine)
    }
}

/// The perspective map from the unit square to a quadrilateral.
///
/// - Source: P. Heckbert, "Fundamentals of texture mapping and image warping", 1989, section 2.2.
struct Perspective {
    /// Rows of the 3 x 3 matrix.
    private let rows: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)

    /// Maps (0,0), (1,0), (1,1), (0,1) to four corners in this order.
    init(corners: [Point]) {
        let (a, b, c, d) = (corners[0], corners[1], corners[2], corners[3])
        let (first, second, sum) = (b - c, d - c, a - b + c - d)
        let determinant = first.x * second.y - second.x * first.y
        let g = (sum.x * second.y - second.x * sum.y) / determinant
        let h = (first.x * sum.y - sum.x * first.y) / determinant
        rows = (
            SIMD3(b.x - a.x + g * b.x, d.x - a.x + h * d.x, a.x),
            SIMD3(b.y - a.y + g * b.y, d.y - a.y + h * d.y, a.y), SIMD3(g, h, 1)
        )
    }

    private init(rows: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)) { self.rows = rows }

    func callAsFunction(_ point: Point) -> Point {
        let homogeneous = SIMD3(point.x, point.y, 1)
        let scale = (rows.2 * homogeneous).sum()
        return Point((rows.0 * homogeneous).sum() / scale, (rows.1 * homogeneous).sum() / scale)
    }

    /// The map back: the adjugate matrix, as scale does not matter.
    var inverse: Perspective {
        func cross(_ p: SIMD3<Double>, _ q: SIMD3<Double>) -> SIMD3<Double> {
            SIMD3(p.y * q.z - p.z * q.y, p.z * q.x - p.x * q.z, p.x * q.y - p.y * q.x)
        }
        let columns = (cross(rows.1, rows.2), cross(rows.2, rows.0), cross(rows.0, rows.1))
        return Perspective(
            rows: (
                SIMD3(columns.0.x, columns.1.x, columns.2.x), SIMD3(columns.0.y, columns.1.y, columns.2.y),
                SIMD3(columns.0.z, columns.1.z, columns.2.z)
            ))
    }
}
