/// Figures that single odd values do not move.
enum RobustStatistics {
    /// The middle value; the mean of the two middle ones of an even count; not a number of none.
    static func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return .nan }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// The median distance from the median, scaled so that it is the standard deviation of normal values.
    static func deviation(_ values: [Double]) -> Double {
        let center = median(values)
        return 1.4826 * median(values.map { abs($0 - center) })
    }

    /// The Theil-Sen line: the median slope between all pairs, and the median of what is left.
    ///
    /// Of more than 300 points, medians of neighbours stand for them.
    static func line(_ points: [(x: Double, y: Double)]) -> (slope: Double, intercept: Double) {
        let size = (points.count + 299) / 300
        let few =
            size == 1
            ? points
            : stride(from: 0, to: points.count, by: size).map { start in
                let part = points[start..<min(start + size, points.count)]
                return (median(part.map(\.x)), median(part.map(\.y)))
            }
        var slopes: [Double] = []
        for i in few.indices {
            for j in few.indices.dropFirst(i + 1) where few[j].x != few[i].x {
                slopes.append((few[j].y - few[i].y) / (few[j].x - few[i].x))
            }
        }
        let slope = slopes.isEmpty ? 0 : median(slopes)
        return (slope, median(few.map { $0.y - slope * $0.x }))
    }
}
