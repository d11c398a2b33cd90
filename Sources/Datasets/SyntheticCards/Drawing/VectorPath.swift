/// A filled outline: closed polygons, filled where a ray crosses an odd number of edges.
struct VectorPath {
    /// Each polygon's corners; the last one joins the first.
    private(set) var polygons: [[Point]] = []

    /// The number of straight pieces that a curve becomes.
    private static let curveSteps = 12

    init(polygon: [Point]) { polygons = [polygon] }

    /// Reads an outline in the notation of SVG: absolute `M`, `L`, `C` and `Z`, separated by spaces.
    init(_ outline: String) {
        var numbers: [Double] = []
        var command: Substring = ""
        for word in outline.split(separator: " ") {
            if let number = Double(word) {
                numbers.append(number)
            } else {
                append(command, numbers)
                (command, numbers) = (word, [])
            }
        }
        append(command, numbers)
    }

    /// An ellipse.
    static func ellipse(_ center: Point, _ radii: Point) -> VectorPath {
        let k = 0.5522847498  // control points of a quarter circle
        let arms = [Point(1, 0), Point(0, 1), Point(-1, 0), Point(0, -1)]
        var path = VectorPath(polygon: [center + radii * arms[0]])
        for i in 0..<4 {
            let (from, to) = (arms[i], arms[(i + 1) % 4])
            path.curve([from + k * to, to + k * from, to].map { center + radii * $0 })
        }
        return path
    }

    /// A rectangle, turned corners rounded by `radius`.
    static func rectangle(_ x: ClosedRange<Double>, _ y: ClosedRange<Double>, radius: Point = .zero) -> VectorPath {
        guard radius != .zero else {
            return VectorPath(
                polygon: [
                    Point(x.lowerBound, y.lowerBound), Point(x.upperBound, y.lowerBound),
                    Point(x.upperBound, y.upperBound), Point(x.lowerBound, y.upperBound),
                ])
        }
        let k = 1 - 0.5522847498
        let corners = [
            (Point(x.upperBound, y.lowerBound), Point(-1, 0), Point(0, 1)),
            (Point(x.upperBound, y.upperBound), Point(0, -1), Point(-1, 0)),
            (Point(x.lowerBound, y.upperBound), Point(1, 0), Point(0, -1)),
            (Point(x.lowerBound, y.lowerBound), Point(0, 1), Point(1, 0)),
        ]
        var path = VectorPath(polygon: [])
        for (corner, before, after) in corners {
            path.polygons[0].append(corner + radius * before)
            path.curve([corner + k * radius * before, corner + k * radius * after, corner + radius * after])
        }
        return path
    }

    /// Both outlines as one: what lies in both is a hole.
    func without(_ hole: VectorPath) -> VectorPath {
        var path = self
        path.polygons += hole.polygons
        return path
    }

    /// The outline moved through a map.
    func mapped(_ map: (Point) -> Point) -> VectorPath {
        var path = self
        path.polygons = polygons.map { $0.map(map) }
        return path
    }

    private mutating func append(_ command: Substring, _ numbers: [Double]) {
        let points = stride(from: 0, to: numbers.count - 1, by: 2).map { Point(numbers[$0], numbers[$0 + 1]) }
        switch command {
        case "M": polygons.append(points)
        case "L": polygons[polygons.count - 1] += points
        case "C":
            for start in stride(from: 0, to: points.count - 2, by: 3) { curve(Array(points[start..<start + 3])) }
        default: break
        }
    }

    /// Adds a cubic curve from the last corner: two control points and the end.
    private mutating func curve(_ points: [Point]) {
        guard let start = polygons.last?.last else { return }
        for step in 1...Self.curveSteps {
            let t = Double(step) / Double(Self.curveSteps)
            let s = 1 - t
            let first = s * s * s * start + 3 * s * s * t * points[0]
            polygons[polygons.count - 1].append(first + 3 * s * t * t * points[1] + t * t * t * points[2])
        }
    }
}
